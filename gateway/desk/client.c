#include "gateway/desk/client.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/desk/server.h"

#define READ_SIZE           ((size_t)65536)
#define JOURNAL_DIR_DEFAULT "/var/lib/outpost" /* as the site loader has it */

/* Finding the socket. */

static enum err read_file(const char *path, char **ret_bytes, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_PERMISSION : ERR_IO;
    char *bytes = malloc(SITE_FILE_MAX + 1);
    size_t size = bytes != NULL ? fread(bytes, 1, SITE_FILE_MAX, file) : 0;
    (void)fclose(file);
    if (bytes == NULL)
        return ERR_MEMORY;
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return ERR_OK;
}

/* cJSON recurses once per level. */
static bool is_shallow(const char *bytes)
{
    size_t depth = 0;
    for (; *bytes != '\0'; bytes++) {
        if ((*bytes == '{' || *bytes == '[') && ++depth > SITE_DEPTH_MAX)
            return false;
        if ((*bytes == '}' || *bytes == ']') && depth > 0)
            depth--;
    }
    return true;
}

static enum err put_socket_path(const char *file, const char *dir, char ret_path[static CLIENT_PATH_MAX])
{
    const char *slash = strrchr(file, '/');
    struct text text;
    text_init(&text, ret_path, CLIENT_PATH_MAX);
    if (slash != NULL && dir[0] != '/')
        text_put_bytes(&text, file, (size_t)(slash - file) + 1);
    text_put(&text, dir);
    text_put(&text, "/outpost.sock");
    return text.full ? ERR_FULL : ERR_OK;
}

/* Reads "journal": {"dir": …} and nothing else of a site file. */
static enum err find_journal(const char *file, char ret_path[static CLIENT_PATH_MAX])
{
    char *bytes = NULL;
    size_t size = 0;
    enum err err = read_file(file, &bytes, &size);
    if (err != ERR_OK)
        return err;
    static const char mark[] = "\xEF\xBB\xBF"; /* of an editor */
    char *start = strncmp(bytes, mark, 3) == 0 ? bytes + 3 : bytes;
    cJSON *site = NULL;
    err = ERR_FORMAT;
    if (is_shallow(start)) {
        cJSON_Minify(start); /* drops comments */
        site = cJSON_Parse(start);
    }
    const cJSON *journal = cJSON_GetObjectItemCaseSensitive(site, "journal");
    const cJSON *dir = cJSON_GetObjectItemCaseSensitive(journal, "dir");
    if (cJSON_IsString(dir) && dir->valuestring[0] != '\0')
        err = put_socket_path(file, dir->valuestring, ret_path);
    else if (site != NULL)
        err = put_socket_path(file, JOURNAL_DIR_DEFAULT, ret_path);
    cJSON_Delete(site);
    free(bytes);
    return err;
}

enum err client_find(const struct desk *desk, char ret_path[static CLIENT_PATH_MAX])
{
    const char *socket_path = desk->options.socket;
    const char *file = desk->options.file;
    if (socket_path != NULL) {
        if (strlen(socket_path) >= CLIENT_PATH_MAX)
            return ERR_FULL;
        memcpy(ret_path, socket_path, strlen(socket_path) + 1);
        return ERR_OK;
    }
    enum err err = find_journal(file, ret_path);
    if (err == ERR_FORMAT)
        desk_complain(desk, "%s: is not JSON at present, so its gateway cannot be found; name the socket by --socket",
                      "%s：当前不是有效的 JSON，无法找到网关；请用 --socket 指定套接字", file);
    else if (err != ERR_OK)
        desk_complain(desk, "%s: cannot be read: %s", "%s：无法读取：%s", file, err_text(err));
    return err;
}

/* Talking. */

static enum err complain_of_path(const struct desk *desk, const char *path, int trouble)
{
    if (trouble == EACCES || trouble == EPERM)
        desk_complain(desk, "%s: permission denied; become root or join the gateway's group (outpost)",
                      "%s：权限不足；请使用 root 或加入网关所属用户组（outpost）", path);
    else if (trouble == ENAMETOOLONG)
        desk_complain(desk, "%s: a socket's path is at most %d bytes", "%s：套接字路径最长 %d 字节", path,
                      SERVER_PATH_MAX);
    else
        desk_complain(desk, "no gateway is running here (%s)", "此处没有网关在运行（%s）", path);
    return ERR_CLOSED;
}

enum err client_open(struct client_line *line, const struct desk *desk, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *line = (struct client_line){.fd = -1};
    if (strlen(path) > SERVER_PATH_MAX)
        return complain_of_path(desk, path, ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path) + 1);
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || connect(line->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        enum err err = complain_of_path(desk, path, errno);
        client_close(line);
        return err;
    }
    return ERR_OK;
}

void client_close(struct client_line *line)
{
    if (line->fd >= 0)
        (void)close(line->fd);
    free(line->bytes);
    *line = (struct client_line){.fd = -1};
}

static enum err wait_for(int fd, short events, int64_t until_mono_us)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    for (;;) {
        int64_t const left_us = until_mono_us - clock_now().mono_us;
        if (left_us <= 0)
            return ERR_TIMEOUT;
        int ready = poll(&poll_fd, 1, (int)(left_us / 1000) + 1);
        if (ready > 0)
            return ERR_OK;
        if (ready < 0 && errno != EINTR)
            return ERR_IO;
    }
}

static enum err send_all(struct client_line *line, const char *bytes, size_t size, int64_t until_mono_us)
{
    while (size > 0) {
        enum err err = wait_for(line->fd, POLLOUT, until_mono_us);
        if (err != ERR_OK)
            return err;
        ssize_t put = send(line->fd, bytes, size, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR)
            return ERR_CLOSED;
        if (put > 0) {
            bytes += put;
            size -= (size_t)put;
        }
    }
    return ERR_OK;
}

static enum err make_room(struct client_line *line)
{
    if (line->size - line->used > READ_SIZE)
        return ERR_OK;
    size_t const size = line->size == 0 ? 2 * READ_SIZE : 2 * line->size;
    if (size > 2 * CLIENT_ANSWER_MAX)
        return ERR_FULL;
    char *bytes = realloc(line->bytes, size);
    if (bytes == NULL)
        return ERR_MEMORY;
    line->bytes = bytes;
    line->size = size;
    return ERR_OK;
}

enum err client_ask(struct client_line *line, const char *request, size_t size, const char **ret_answer)
{
    int64_t const until_mono_us = clock_now().mono_us + CLIENT_TIMEOUT_US;
    enum err err = send_all(line, request, size, until_mono_us);
    line->used = 0;
    while (err == ERR_OK) {
        err = make_room(line);
        if (err == ERR_OK)
            err = wait_for(line->fd, POLLIN, until_mono_us);
        if (err != ERR_OK)
            break;
        ssize_t got = recv(line->fd, line->bytes + line->used, READ_SIZE, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_CLOSED;
        line->used += (size_t)got;
        if (line->bytes[line->used - 1] != '\n')
            continue;
        line->bytes[line->used - 1] = '\0';
        *ret_answer = line->bytes;
        return ERR_OK;
    }
    return err;
}

int client_look(const struct desk *desk, const char *request, int (*show)(const struct desk *desk, const char *answer))
{
    char path[CLIENT_PATH_MAX];
    struct client_line line = {.fd = -1};
    const char *answer = NULL;
    if (client_find(desk, path) != ERR_OK || client_open(&line, desk, path) != ERR_OK)
        return EXIT_WRONG;
    enum err err = client_ask(&line, request, strlen(request), &answer);
    int const status = err == ERR_OK ? show(desk, answer) : EXIT_WRONG;
    if (err != ERR_OK)
        desk_complain(desk, "the gateway gave no answer: %s", "网关没有答复：%s", err_text(err));
    client_close(&line);
    return status;
}
