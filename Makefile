# Outpost. One file, no generated code; a build tree per flavour so that flavours do not fight. `make help` lists targets.

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-6s %s\n' $(1) $(2))

PREFIX ?= /usr
DESTDIR ?=
# One variable scales every test: 1 is what `make test` runs (at most 20 minutes in all), `make proof` runs 10 and more.
SCALE ?= 1
# Seconds a fuzz target, for `make fuzz`.
S ?= 60

FLAVOUR ?= release
CC_release := gcc
CC_clang := clang
CC_asan := clang
CC_tsan := clang
CC_cover := gcc
CC := $(CC_$(FLAVOUR))
B := build/$(FLAVOUR)

VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

WARN_both := -std=c11 -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion \
  -Wfloat-equal -Wformat=2 -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls \
  -Wnull-dereference -Wcast-qual -Wcast-align -Wwrite-strings -Wvla -Wswitch-enum -Wimplicit-fallthrough \
  -Wpointer-arith -Wdate-time -fno-common
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness -Wformat-overflow=2 \
  -Wformat-truncation=2 -Wstringop-overflow=4 -Wjump-misses-init -Warith-conversion -Wcast-align=strict
WARN_clang := -Wcomma -Wloop-analysis -Wunreachable-code-aggressive -Wassign-enum -Wconditional-uninitialized -Wthread-safety
HARDEN := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack

FLAGS_release := $(WARN_both) $(WARN_gcc) $(HARDEN) -ftrivial-auto-var-init=zero
FLAGS_clang := $(WARN_both) $(WARN_clang) $(HARDEN)
ASAN := -fsanitize=address,undefined,float-cast-overflow,float-divide-by-zero,implicit-conversion,local-bounds -fno-sanitize-recover=all
FLAGS_asan := $(WARN_both) $(WARN_clang) -O1 -g -fno-omit-frame-pointer $(ASAN)
FLAGS_tsan := $(WARN_both) $(WARN_clang) -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAGS_cover := $(WARN_both) $(WARN_gcc) -O0 -g --coverage
LINK_release := $(LINK_HARDEN)
LINK_clang := $(LINK_HARDEN)
LINK_asan := $(ASAN)
LINK_tsan := -fsanitize=thread
LINK_cover := --coverage

# Recursive on purpose: asked only when something is compiled, so that `make deps` works where pkg-config is missing.
PACKAGES := libmodbus sqlite3 libcjson libcrypto
PACKAGE_FLAGS = $(shell pkg-config --cflags $(PACKAGES))
LIBS = $(shell pkg-config --libs $(PACKAGES)) -lpaho-mqtt3as -pthread -lm
SIM_LIBS = $(shell pkg-config --libs libcjson) -pthread -lm
CPPFLAGS = -D_GNU_SOURCE -I. -DOUTPOST_VERSION='"$(VERSION)"' -DOUTPOST_PREFIX='"$(PREFIX)"' $(PACKAGE_FLAGS)
CFLAGS = $(FLAGS_$(FLAVOUR))
LDFLAGS = $(LINK_$(FLAVOUR))

LIB_SOURCES := $(sort $(wildcard gateway/base/*.c gateway/model/*.c gateway/core/*.c gateway/ports/*.c gateway/site/*.c \
  gateway/run/*.c gateway/desk/*.c drivers/device/*.c drivers/link/*.c drivers/uplink/*.c))
SIM_SOURCES := $(sort $(wildcard firmware-sim/*.c))
SIM_LIB_SOURCES := $(filter-out firmware-sim/main.c,$(SIM_SOURCES))
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
SIM_TESTS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/simtest_*.c)))
HOUSE_SOURCES := $(sort $(wildcard tests/house/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
SUPPORT_SOURCES := $(sort $(wildcard tests/support/*.c))

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB := $(B)/liboutpost.a
SIM_LIB := $(B)/libsim.a

.PHONY: all programs
all: programs
ifeq ($(FLAVOUR),release)
programs: build/outpost build/outpost-sim
build/outpost: $(B)/outpost
	$(Q)ln -sfn release/outpost $@
build/outpost-sim: $(B)/outpost-sim
	$(Q)ln -sfn release/outpost-sim $@
else
programs: $(B)/outpost $(B)/outpost-sim
endif

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(call objects,$(LIB_SOURCES))
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $^
$(SIM_LIB): $(call objects,$(SIM_LIB_SOURCES))
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $^

$(B)/outpost: $(call objects,gateway/main.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/outpost-sim: $(call objects,firmware-sim/main.c) $(SIM_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SIM_LIBS)

$(B)/unit/test_%: $(B)/obj/tests/unit/test_%.o $(call objects,$(SUPPORT_SOURCES)) $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)
$(B)/unit/simtest_%: $(B)/obj/tests/unit/simtest_%.o $(SIM_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(SIM_LIBS)
$(B)/house: $(call objects,$(HOUSE_SOURCES) $(SUPPORT_SOURCES)) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
