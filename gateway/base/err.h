/* err: what can go wrong with an operation, as one list.
 *
 * Three troubles have three carriers (docs/decisions/0004): trouble of the plant is data (a sample with
 * quality and reason), trouble of an operation is an `enum err`, a bug is CHECK(). Functions that can fail
 * return `enum err`, leave their `ret_` outputs untouched on failure, and are marked MUST_CHECK. */
#ifndef OUTPOST_BASE_ERR_H
#define OUTPOST_BASE_ERR_H

#define MUST_CHECK                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* name, sentence for a person (English; a full stop is added by whoever prints it) */
#define ERR_LIST(X)                                                                                                    \
    X(ERR_OK, "no error")                                                                                              \
    X(ERR_ARGUMENT, "an argument is out of its range")                                                                 \
    X(ERR_MEMORY, "out of memory")                                                                                     \
    X(ERR_FULL, "a bounded container is full")                                                                         \
    X(ERR_EMPTY, "nothing there")                                                                                      \
    X(ERR_IO, "input/output error")                                                                                    \
    X(ERR_TIMEOUT, "no answer in time")                                                                                \
    X(ERR_CLOSED, "not open, or closed by the other side")                                                             \
    X(ERR_BUSY, "busy, try again later")                                                                               \
    X(ERR_GARBLED, "bytes that do not make a valid frame")                                                             \
    X(ERR_FOREIGN, "an answer that does not belong to the request")                                                    \
    X(ERR_EXCEPTION, "the slave answered with a Modbus exception")                                                     \
    X(ERR_MISMATCH, "what was read back differs from what was written")                                                \
    X(ERR_REFUSED, "refused")                                                                                          \
    X(ERR_NOT_FOUND, "not found")                                                                                      \
    X(ERR_FORMAT, "not in the expected format")                                                                        \
    X(ERR_CORRUPT, "stored data is damaged")                                                                           \
    X(ERR_DISK_FULL, "no space left")                                                                                  \
    X(ERR_PERMISSION, "permission denied")                                                                             \
    X(ERR_UNSUPPORTED, "not supported")

#define ERR_ENUM(name, text) name,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

/* Never NULL; a static string. Any thread. */
const char *err_text(enum err err);

#endif
