# Outpost. One file, no generated code; a build tree per flavour so that flavours do not fight. `make help` lists targets.

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-6s %s\n' $(1) $(2))

PREFIX ?= /usr
DESTDIR ?=
# `make demo SITE=boiler-room`: an example of config/examples, or a site file.
SITE ?=
# One variable scales every test: 1 is what `make test` runs (at most 20 minutes in all), `make proof` runs the full sizes (1,000 kills).
SCALE ?= 1
PROOF_SCALE ?= 75
# Seconds a fuzz target, for `make fuzz`.
S ?= 60
# Only what has this in its name: `make unit T=ring`, `make system T=kill`.
T ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Debian's own: the one that has the packages tests/support/deps.sh installs.
PYTHON ?= /usr/bin/python3
export SCALE V

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS) --no-print-directory
endif
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

FLAVOUR ?= release
CC_release := gcc
CC_clang := clang
CC_asan := clang
CC_tsan := clang
CC_fuzz := clang
CC_fastfuzz := clang
CC_cover := gcc
# MC/DC wants clang 18 or newer: Debian 12 has 19 beside its own 14.
MCDC_LLVM = $(eval MCDC_LLVM := $(if $(shell command -v clang-19),19,14))$(MCDC_LLVM)
CC_mcdc = clang-$(MCDC_LLVM)
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
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs

FLAGS_release := $(WARN_both) $(WARN_gcc) $(HARDEN) -ftrivial-auto-var-init=zero
FLAGS_clang := $(WARN_both) $(WARN_clang) $(HARDEN)
ASAN := -fsanitize=address,undefined,float-cast-overflow,float-divide-by-zero,implicit-conversion,local-bounds -fno-sanitize-recover=all
FLAGS_asan := $(WARN_both) $(WARN_clang) -O1 -g -fno-omit-frame-pointer $(ASAN)
FLAGS_tsan := $(WARN_both) $(WARN_clang) -O1 -g -fno-omit-frame-pointer -fsanitize=thread
# No sanitizer but the fuzzer's own counters: several times as fast.
FLAGS_fastfuzz := $(WARN_both) $(WARN_clang) -O2 -g -fsanitize=fuzzer-no-link
FLAGS_fuzz := $(WARN_both) $(WARN_clang) -O1 -g -fno-omit-frame-pointer $(ASAN) -fsanitize=fuzzer-no-link
# Without optimisation gcc guesses sizes and warns of them; release and clang are what has to be clean.
FLAGS_cover := -std=c11 -O0 -g --coverage
FLAGS_mcdc = -std=c11 -O0 -g -w -fprofile-instr-generate -fcoverage-mapping $(if $(filter 19,$(MCDC_LLVM)),-fcoverage-mcdc)
LINK_release := $(LINK_HARDEN)
LINK_clang := $(LINK_HARDEN)
LINK_asan := $(ASAN)
LINK_tsan := -fsanitize=thread
LINK_fuzz := $(ASAN) -fsanitize=fuzzer
LINK_fastfuzz := -fsanitize=fuzzer
LINK_cover := --coverage
LINK_mcdc := -fprofile-instr-generate

# Asked only when something is compiled (and then once), so that `make deps` works where pkg-config is missing.
PACKAGES := libmodbus sqlite3 libcjson libmd zlib
PACKAGE_FLAGS = $(eval PACKAGE_FLAGS := $(shell pkg-config --cflags $(PACKAGES) libcrypto))$(PACKAGE_FLAGS)
LIBS = $(eval LIBS := $(shell pkg-config --libs $(PACKAGES)) -pthread -lm)$(LIBS)
SIM_LIBS = $(eval SIM_LIBS := $(shell pkg-config --libs libcjson libcrypto) -lpaho-mqtt3as -pthread -lm)$(SIM_LIBS)
CPPFLAGS = -D_GNU_SOURCE -I. $(PACKAGE_FLAGS)
CFLAGS = $(FLAGS_$(FLAVOUR))
LDFLAGS = $(LINK_$(FLAVOUR))

LIB_SOURCES := $(sort $(wildcard gateway/base/*.c gateway/model/*.c gateway/core/*.c gateway/ports/*.c gateway/site/*.c \
  gateway/run/*.c gateway/desk/*.c drivers/device/*.c drivers/link/*.c drivers/uplink/*.c))
SIM_SOURCES := $(sort $(wildcard firmware-sim/*.c))
SIM_LIB_SOURCES := $(filter-out firmware-sim/main.c,$(SIM_SOURCES))
HOUSE_SOURCES := $(sort $(wildcard tests/house/*.c))
SUPPORT_SOURCES := $(sort $(wildcard tests/support/*.c))
PRODUCT_SOURCES := gateway/main.c $(LIB_SOURCES) $(SIM_SOURCES)
HEADERS := $(sort $(wildcard gateway/*/*.h drivers/*/*.h firmware-sim/*.h tests/*/*.h))

wanted = $(if $(T),$(foreach name,$(1),$(if $(findstring $(T),$(name)),$(name))),$(1))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(call wanted,$(sort $(wildcard tests/unit/test_*.c tests/unit/simtest_*.c))))
# First what takes longest, and most of that in parts that run at the same time: name/parts.
SYSTEM_SPLIT := accept/4 bus_faults/3 orders/3 roundtrip/2 lost_centre/2
in_parts = $(foreach part,$(wordlist 1,$(notdir $(1)),1 2 3 4),tests/system/test_$(patsubst %/,%,$(dir $(1))).py:$(part)/$(notdir $(1)))
SYSTEM_TESTS := $(call wanted,$(foreach one,$(SYSTEM_SPLIT),$(call in_parts,$(one))) tests/system/test_plan.py \
  $(filter-out tests/system/test_plan.py $(foreach one,$(SYSTEM_SPLIT),tests/system/test_$(patsubst %/,%,$(dir $(one))).py), \
    $(sort $(wildcard tests/system/test_*.py))))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(call wanted,$(sort $(wildcard tests/fuzz/fuzz_*.c))))

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB := $(B)/liboutpost.a
SIM_LIB := $(B)/libsim.a

# --- the programs -----------------------------------------------------------------------------------------------------

.PHONY: all programs tests
all: programs ## build/outpost and build/outpost-sim, release, all warnings are errors (the default)
ifeq ($(FLAVOUR),release)
programs: build/outpost build/outpost-sim
build/outpost: $(B)/outpost
	$(Q)ln -sfn release/outpost $@
build/outpost-sim: $(B)/outpost-sim
	$(Q)ln -sfn release/outpost-sim $@
else
programs: $(B)/outpost $(B)/outpost-sim
endif
tests: $(UNIT_TESTS) $(B)/house

.PHONY: sim
sim: $(if $(filter release,$(FLAVOUR)),build/outpost-sim,$(B)/outpost-sim) ## only the simulator

# What the last build was made with: a change of flags, version, prefix or list of sources rebuilds what depends on it.
.PHONY: always
define stamp # file, content
$(B)/$(1): always
	@mkdir -p $$(@D); echo '$(2)' | cmp -s - $$@ || echo '$(2)' > $$@
endef
$(eval $(call stamp,flags,$$(CC) $$(CPPFLAGS) $$(CFLAGS)))
$(eval $(call stamp,identity,$$(VERSION) $$(PREFIX)))
$(eval $(call stamp,sources,$$(LIB_SOURCES) $$(SIM_SOURCES) $$(HOUSE_SOURCES) $$(SUPPORT_SOURCES)))

$(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Only these know the version and the prefix, so only these are compiled again after a commit.
IDENTIFIED := $(if $(PRODUCT_SOURCES),$(shell grep -lE 'OUTPOST_(VERSION|PREFIX)' $(PRODUCT_SOURCES) 2>/dev/null))
$(call objects,$(IDENTIFIED)): private CPPFLAGS += -DOUTPOST_VERSION='"$(VERSION)"' -DOUTPOST_PREFIX='"$(PREFIX)"'
$(call objects,$(IDENTIFIED)): $(B)/identity

$(LIB): $(call objects,$(LIB_SOURCES)) $(B)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $(filter %.o,$^)
$(SIM_LIB): $(call objects,$(SIM_LIB_SOURCES)) $(B)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $(filter %.o,$^)

define link # libraries
$(call say,LD,$@)
@mkdir -p $(@D)
$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1)
endef

$(B)/outpost: $(call objects,gateway/main.c) $(LIB)
	$(call link,$(LIBS))
$(B)/outpost-sim: $(call objects,firmware-sim/main.c) $(SIM_LIB)
	$(call link,$(SIM_LIBS))
$(B)/unit/test_%: $(B)/obj/tests/unit/test_%.o $(call objects,$(SUPPORT_SOURCES)) $(LIB)
	$(call link,-lcmocka $(LIBS))
$(B)/unit/simtest_%: $(B)/obj/tests/unit/simtest_%.o $(SIM_LIB)
	$(call link,-lcmocka $(SIM_LIBS))
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	$(call link,$(LIBS) -lpaho-mqtt3a)
$(B)/house: $(call objects,$(HOUSE_SOURCES) $(SUPPORT_SOURCES)) $(LIB)
	$(call link,-lcmocka $(LIBS))
ifeq ($(FLAVOUR),fastfuzz)
# What is fuzzed in tens of millions needs no library.
$(B)/fuzz/fuzz_frame: $(call objects,tests/fuzz/fuzz_frame.c drivers/link/frame.c gateway/base/check.c)
	$(call link)
endif
$(B)/fuzz/fuzz_sim_%: $(B)/obj/tests/fuzz/fuzz_sim_%.o $(SIM_LIB)
	$(call link,$(SIM_LIBS))
$(B)/fuzz/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(LIB)
	$(call link,$(LIBS))
.SECONDARY:

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- tests ------------------------------------------------------------------------------------------------------------

# Runs programs and test files, shows one line each (all of it when one fails), adds up what passed and failed.
RUN := $(PYTHON) tests/support/run.py --label $(FLAVOUR) --logs $(B)/logs
# No suppressions of TSan: `called_from_lib` for Debian's uninstrumented Paho hides its locks and makes false alarms of them. Of
# LeakSanitizer one: messages that were queued when a connection broke stay in Paho (tests/unit/test_paho.c).
SANITIZE := ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allow_addr2line=1 \
  LSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/lsan.supp:print_suppressions=0 \
  UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1
RUN_UNIT := $(SANITIZE) $(RUN) --jobs $(JOBS) --timeout 600

.PHONY: deps check unit house asan tsan system test proof
deps: ## install the Debian packages that building and testing need
	$(Q)sh tests/support/deps.sh test

check: ## lint + unit + house: what every commit must pass, in seconds
	$(Q)$(MAKE) programs tests
	$(Q)$(MAKE) lint globals
	$(Q)$(MAKE) unit house

unit: $(UNIT_TESTS) ## unit tests of this FLAVOUR (T=name: only those)
	$(Q)$(if $(UNIT_TESTS),$(RUN_UNIT) $(UNIT_TESTS),echo 'no unit test of that name'; exit 1)
house: $(B)/house ## the doll's house: all rooms in one thread on a fake clock
	$(Q)$(RUN_UNIT) $(if $(HOUSE_TEST)$(HOUSE_SEED),$(B)/house,$(HOUSE_PARTS:%=$(B)/house:%/4))
HOUSE_PARTS := 1 2 3 4

asan: ## unit and house tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)$(MAKE) FLAVOUR=asan tests
	$(Q)$(MAKE) FLAVOUR=asan unit house
# Which ask the C library for a thread, or for Paho, which has some: nothing else can have a race. The doll's house is one thread.
THREADED = nm -AuD $(UNIT_TESTS:build/tsan/%=build/release/%) | \
  sed -nE 's,^build/release/(unit/[a-z0-9_]+):.* (pthread_create|dlopen)(@.*)?$$,build/tsan/\1,p' | sort -u
tsan: ## under ThreadSanitizer, the unit tests that can have more than one thread
	$(Q)$(MAKE) FLAVOUR=release tests
	$(Q)$(MAKE) FLAVOUR=tsan tsan-threaded
.PHONY: tsan-threaded
tsan-threaded:
	$(Q)tests="$$($(THREADED) | tr '\n' ' ')" && test -n "$$tests" && $(MAKE) unit UNIT_TESTS="$$tests"

system: programs $(B)/bench/outage_helper $(B)/bench/drain_helper ## the real programs against a real broker, with faults and kill -9 (T=name: only those)
	$(Q)$(SANITIZE) OUTPOST=$(B)/outpost OUTPOST_SIM=$(B)/outpost-sim OUTAGE_HELPER=$(B)/bench/outage_helper DRAIN_HELPER=$(B)/bench/drain_helper \
	  $(RUN) --jobs $(SYSTEM_JOBS) --timeout 36000 $(SYSTEM_TESTS)
# They mostly wait: for alarms to clear, for brokers to come back. All of them together need 200 seconds of a processor.
SYSTEM_JOBS ?= 6

# Real threads under ThreadSanitizer: the round trip is enough to bring them all together.
.PHONY: system-tsan system-asan
system-tsan:
	$(Q)$(MAKE) FLAVOUR=tsan T=roundtrip system
system-asan:
	$(Q)$(MAKE) FLAVOUR=asan T=roundtrip system

# Everything CI does is a make target. Stages run in this order and stop at the first red one (KEEP=1: go on). The tests meet
# clang's warnings in the asan stage.
STAGES := 'FLAVOUR=release programs tests' 'FLAVOUR=clang programs' lint globals unit house \
  asan tsan fuzz-replay system system-tsan
test: ## install, build with gcc and clang, lint, and run everything at SCALE=1; the last line sums up
	$(Q)sh tests/support/deps.sh test
	$(Q)env -u MAKEFLAGS -u MAKELEVEL $(PYTHON) tests/support/suite.py $(if $(KEEP),--keep-going) --make '$(MAKE_COMMAND)' $(STAGES)
proof: ## the same scripts with the full sizes (hours)
	$(Q)sh tests/support/deps.sh test
	$(Q)env -u MAKEFLAGS -u MAKELEVEL SCALE=$(PROOF_SCALE) $(PYTHON) tests/support/suite.py --keep-going --make '$(MAKE_COMMAND)' $(STAGES) system-asan

# --- fuzzing ----------------------------------------------------------------------------------------------------------

.PHONY: fuzz fuzz-replay fuzz-build
fuzz-build:
	$(Q)$(MAKE) FLAVOUR=fuzz fuzzers
fuzz: fuzz-build ## every fuzzer for S seconds, from its corpus (S=60, T=name: only those)
	$(Q)$(MAKE) FLAVOUR=fuzz fuzz-run FUZZ='--seconds $(S)'
.PHONY: fuzz-replay-all fuzz-replay-frame
fuzz-replay: fuzz-replay-all fuzz-replay-frame ## replay the corpora, then a bounded number of new inputs; the frame parser ten million
fuzz-replay-all: fuzz-build
	$(Q)$(MAKE) FLAVOUR=fuzz fuzz-run FUZZ='--runs 20000'
fuzz-replay-frame:
	$(Q)$(if $(call wanted,fuzz_frame),$(MAKE) FLAVOUR=fastfuzz T=fuzz_frame fuzz-run FUZZ='--least 10000000 --shares 2')
.PHONY: fuzzers fuzz-run
fuzzers: $(FUZZERS)
fuzz-run: $(FUZZERS)
	$(Q)$(if $(FUZZERS),$(SANITIZE) $(PYTHON) tests/fuzz/run.py --jobs $(JOBS) --work $(B)/work $(FUZZ) $(FUZZERS),echo 'no fuzzers yet')

# --- style and analysis -----------------------------------------------------------------------------------------------

FORMATTED := $(PRODUCT_SOURCES) $(HEADERS) $(sort $(wildcard tests/*/*.c))
.PHONY: lint globals format tidy analyze cover
lint: ## layers, circles, confinement, headers, format, names, links; and the proof that each rule bites
	$(Q)$(PYTHON) tests/lint/lint.py --cflags '$(WARN_both) $(CPPFLAGS)'
	$(Q)$(RUN) tests/lint/selftest.py
globals: $(call objects,gateway/main.c) $(LIB)
	$(Q)$(PYTHON) tests/lint/globals.py $(filter %.o,$^) $(call objects,$(LIB_SOURCES))
format: ## clang-format in place
	$(Q)clang-format -i $(FORMATTED)
tidy: ## clang-tidy (slow)
	$(Q)sh tests/support/deps.sh analyze
	$(Q)printf '%s\n' $(PRODUCT_SOURCES) | xargs -P $(JOBS) -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- \
	  -std=c11 $(CPPFLAGS) -DOUTPOST_VERSION='"x"' -DOUTPOST_PREFIX='"x"'
# arrayIndexOutOfBoundsCond: cppcheck does not see that a failed CHECK() never returns.
analyze: ## gcc -fanalyzer and cppcheck (slow)
	$(Q)sh tests/support/deps.sh analyze
	$(Q)printf '%s\n' $(PRODUCT_SOURCES) | xargs -P $(JOBS) -I{} gcc $(CPPFLAGS) -DOUTPOST_VERSION='"x"' -DOUTPOST_PREFIX='"x"' \
	  $(WARN_both) $(WARN_gcc) -O2 -fanalyzer -c {} -o /dev/null
	$(Q)cppcheck --quiet -j $(JOBS) --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=2 \
	  --suppress=missingIncludeSystem --suppress=arrayIndexOutOfBoundsCond --library=tests/lint/cppcheck.cfg \
	  -D_GNU_SOURCE -DOUTPOST_VERSION='"x"' -DOUTPOST_PREFIX='"x"' -I. $(PRODUCT_SOURCES)
cover: ## line and branch coverage of unit and house tests
	$(Q)find build/cover -name '*.gcda' -delete 2>/dev/null; $(MAKE) FLAVOUR=cover tests
	$(Q)$(MAKE) FLAVOUR=cover unit house
	$(Q)$(PYTHON) tests/support/cover.py build/cover

# What decides whether an alarm is an alarm, and the unit tests that are about it.
ALARM_TESTS := $(patsubst %,$(B)/unit/test_%,alarm alarm_signals alarm_stored alarm_table alarm_told chatter civil flood interlock judge judge_dates \
  judge_orders judge_readings outputs rate tri vote)
.PHONY: cover-alarm cover-alarm-run
cover-alarm: ## branch and MC/DC coverage of the alarm core by its unit tests: all of it (MC/DC needs clang-19)
	-$(Q)sh tests/support/deps.sh cover
	$(Q)$(if $(filter 19,$(MCDC_LLVM)),:,echo 'no clang-19 here: branches only, by clang-14')
	$(Q)$(MAKE) FLAVOUR=mcdc cover-alarm-run
cover-alarm-run: $(ALARM_TESTS)
	$(Q)$(PYTHON) tests/support/cover_alarm.py --llvm $(MCDC_LLVM) --work $(B)/profiles $(ALARM_TESTS)

.PHONY: mutate
MUTANTS ?= 300
mutate: $(ALARM_TESTS) ## plant mistakes into the alarm core: do its unit tests see 90 % of them? (MUTANTS=0: all there are)
	$(Q)$(PYTHON) tests/support/mutate.py --build $(B) --count $(MUTANTS) --jobs $(JOBS) --libs '-lcmocka $(LIBS)'

# --- to see and to measure --------------------------------------------------------------------------------------------

.PHONY: demo bench docs
demo: ## broker + simulator + gateway on this machine, in the terminal (SITE=boiler-room, DEMO_SECONDS=n: ends by itself)
	$(Q)sh tests/support/deps.sh demo
	$(Q)$(MAKE) programs
	$(Q)$(PYTHON) tests/support/demo.py $(SITE)
docs: programs ## print the pages of gateway/docs/profiles and gateway/docs/classes anew, and the helps in SIMULATOR.md
	$(Q)OUTPOST=$(B)/outpost OUTPOST_SIM=$(B)/outpost-sim $(PYTHON) tests/support/docs.py
bench: programs $(B)/bench/drain_helper $(B)/bench/outage_helper $(B)/bench/rules_helper ## measure what figures are quoted: a JSON line each, then a table (T=name: only those)
	$(Q)sh tests/support/deps.sh bench
	$(Q)OUTPOST=$(B)/outpost OUTPOST_SIM=$(B)/outpost-sim DRAIN_HELPER=$(B)/bench/drain_helper OUTAGE_HELPER=$(B)/bench/outage_helper RULES_HELPER=$(B)/bench/rules_helper \
	  $(PYTHON) tests/bench/bench.py --version $(VERSION) $(T)

# --- installing -------------------------------------------------------------------------------------------------------

BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBDIR := $(DESTDIR)$(PREFIX)/lib
SHAREDIR := $(DESTDIR)$(PREFIX)/share/outpost
DOCDIR := $(DESTDIR)$(PREFIX)/share/doc/outpost
# from, to
SERVICE_FILES := outpost.service:systemd/system/outpost.service outpost.sysusers.conf:sysusers.d/outpost.conf \
  outpost.tmpfiles.conf:tmpfiles.d/outpost.conf
.PHONY: install uninstall clean help
install: programs ## programs, profiles, scenarios, example, service files and docs under DESTDIR and PREFIX
	$(Q)install -d $(BINDIR) $(SHAREDIR)/profiles $(SHAREDIR)/examples $(SHAREDIR)/scenarios $(addprefix $(DOCDIR)/,schema decisions profiles classes)
	$(Q)install -m 755 $(B)/outpost $(B)/outpost-sim $(BINDIR)
	$(Q)install -m 644 $(wildcard config/*.json) $(SHAREDIR)
	$(Q)install -m 644 $(wildcard config/profiles/*.json) $(SHAREDIR)/profiles
	$(Q)install -m 644 $(wildcard config/examples/*.json) $(SHAREDIR)/examples
	$(Q)install -m 644 $(wildcard firmware-sim/scenarios/*.json) $(SHAREDIR)/scenarios
	$(Q)install -m 644 $(wildcard README.md gateway/docs/*.md gateway/docs/*.yaml) $(DOCDIR)
	$(Q)install -m 644 $(wildcard gateway/docs/schema/*.json) $(DOCDIR)/schema
	$(Q)$(foreach one,decisions profiles classes,install -m 644 $(wildcard gateway/docs/$(one)/*.md) $(DOCDIR)/$(one);)
	$(Q)$(foreach pair,$(SERVICE_FILES),install -D -m 644 config/packaging/$(subst :, $(LIBDIR)/,$(pair));)
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
uninstall: ## what install put there, and nothing else
	$(Q)rm -f $(BINDIR)/outpost $(BINDIR)/outpost-sim
	$(Q)rm -f $(foreach pair,$(SERVICE_FILES),$(LIBDIR)/$(lastword $(subst :, ,$(pair))))
	$(Q)rm -rf $(SHAREDIR) $(DOCDIR)
clean: ## remove build/
	$(Q)rm -rf build
help: ## this list
	@printf 'make TARGET [V=1] [JOBS=%s] [SCALE=%s] [FLAVOUR=release|clang|asan|tsan|fuzz|fastfuzz|cover]\n\n' $(JOBS) $(SCALE)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
