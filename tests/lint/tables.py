"""What the house allows, as tables. lint.py reads them; selftest.py plants a violation of each."""

# --- layers: which files an #include "..." of a file in this folder may name. The first row that matches counts. ---
BASE, MODEL = "gateway/base/", "gateway/model/"
PURE_BASE = ("gateway/base/err.h", "gateway/base/check.h", "gateway/base/text.h")
ALL = ("gateway/", "drivers/", "firmware-sim/", "tests/")
LAYERS = [
    ("gateway/main.c", ("gateway/", "drivers/")),
    (BASE, (BASE,)),
    (MODEL, (MODEL, BASE)),
    ("gateway/core/", ("gateway/core/", MODEL, *PURE_BASE)),
    ("gateway/ports/", ("gateway/ports/", MODEL, BASE)),
    ("gateway/site/", ("gateway/site/", "gateway/core/", MODEL, BASE)),
    ("gateway/run/", ("gateway/run/", "gateway/core/", "gateway/ports/", MODEL, BASE)),
    ("gateway/desk/", ("gateway/",)),
    ("drivers/device/", ("drivers/device/", "gateway/core/", MODEL, BASE)),
    ("drivers/link/", ("drivers/link/", "gateway/ports/", MODEL, BASE)),
    ("drivers/uplink/", ("drivers/uplink/", "gateway/ports/", MODEL, BASE)),
    # Two implementations that must agree share nothing, and neither do their unit tests.
    ("firmware-sim/", ("firmware-sim/",)),
    ("tests/unit/simtest_", ("firmware-sim/", "tests/support/test.h", "tests/support/plant_rig.h",
                                "tests/support/effort.h")),
    ("tests/support/plant_rig.h", ("firmware-sim/", "tests/support/test.h")),
    ("tests/fuzz/fuzz_sim_", ("firmware-sim/",)),
    ("tests/", ("gateway/", "drivers/", "tests/")),
]

# --- confinement: foreign headers. (#include pattern, files that may have it, why) Tests may include what they test. ---
CONFINED_HEADERS = [
    (r"sqlite3\.h", (r"gateway/run/journal[a-z_]*\.[ch]", r"tests/support/disk\.c"), "only the journal knows SQLite"),
    (r"MQTT\w*\.h", (r"drivers/uplink/.*", r"firmware-sim/listen\.c"), "only the uplink driver knows Paho, and the simulator's listener"),
    (r"(modbus/)?modbus[\w-]*\.h", (r"drivers/link/.*",), "only the link driver knows libmodbus"),
    (r"(cjson/)?cJSON\.h", (r"gateway/site/.*", r"gateway/desk/.*", r"gateway/run/order_parse\.c", r"firmware-sim/.*"),
     "JSON is parsed in site/, in the order parser and where people read it"),
    (r"openssl/.*", (r"firmware-sim/digest\.c",), "OpenSSL is behind the simulator's digest; the gateway has it with Paho's TLS only"),
    (r"sha2\.h", (r"gateway/base/digest\.c",), "libmd is behind base/digest"),
    (r"dlfcn\.h", (r"drivers/uplink/(paho_library|names)\.c", r"gateway/base/digest\.c"),
     "only the uplink driver looks behind what is linked, and what asks for the version of a library that tells none"),
    (r"zlib\.h", (r"gateway/base/deflate\.c",), "zlib is behind base/deflate"),
    (r"sys/timex\.h", (r"gateway/base/clock\.c",), "base/clock asks the machine what time it is"),
    (r"termios\.h|linux/serial\.h", (r"drivers/link/.*", r"firmware-sim/.*", r"gateway/desk/.*"), "serial ports belong to the link driver"),
]

# --- confinement: calls. (name pattern, in which files the rule holds, which of them are allowed, why) ---
PRODUCT = r"(gateway|drivers|firmware-sim)/.*\.[ch]"
HOUSE = r"(gateway|drivers)/.*\.[ch]"
ANY_C = r".*\.[ch]"
CONFINED_CALLS = [
    (r"sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep", PRODUCT + r"|tests/.*\.[ch]", (r"tests/system/slow_sync\.c",),
     "nothing sleeps: a step says when it wants to be called again"),
    (r"clock_gettime|gettimeofday|timespec_get|time|adjtimex|ntp_adjtime", HOUSE, (r"gateway/base/clock\.c",),
     "base/clock is the only one who asks what time it is; everything else is handed `struct now`"),
    (r"pthread_create", HOUSE, (r"gateway/base/thread\.c",), "threads are started by base/thread"),
    (r"malloc|calloc|realloc|free|strdup|asprintf|pthread_\w+|f?printf|puts|fopen|open|read|write|getenv", r"gateway/core/.*", (),
     "the core only computes: no memory, I/O, lock or environment"),
    (r"strerror|strtok|localtime|gmtime|ctime|asctime|rand|srand|readdir_r", HOUSE, (), "not safe in threads: use the _r form"),
    (r"strcpy|strcat|sprintf|vsprintf|gets|scanf|sscanf|atoi|atol|atoll|atof|alloca", PRODUCT, (), "unbounded or without errors"),
    (r"system|popen", PRODUCT, (), "no shell"),
    (r"assert", PRODUCT, (), "CHECK() stays on in release, assert() does not"),
    (r"modbus_set_error_recovery|modbus_set_debug", HOUSE, (), "libmodbus' recovery never returns after an unplug"),
]

# --- words. (pattern over the code without comments and strings, files, why) ---
FORBIDDEN_WORDS = [
    (r"\btypedef\s+(struct|enum|union)\b[^;(]*;", PRODUCT, "structs keep their name: no typedef"),
    (r"\btypedef\b[^;]*?\b\w+_t\s*;", PRODUCT, "names in _t belong to the system"),
    (r"#\s*pragma\s+once\b", ANY_C, "headers have guards"),
    (r"#\s*include\s+\"[^\"]*\.c\"", ANY_C, "sources are linked, not included"),
    (r"\bgoto\s+(?!out\b|failed\b|fail\b)\w+", PRODUCT, "one way out, and it is named `out` or `failed`"),
]

# --- texts for people: (name of the macro or function, what stands before its two texts, English and Chinese) ---
TWO_LANGUAGES = [
    ("X", r"S_\w+,\s*\"\w+\",\s*[EW],\s*"),
    ("both", ""),
]

# --- text: extensions and names that are checked as text; the longest line of what people edit ---
TEXT_NAMES = r".*\.(c|h|py|sh|md|json|service|conf|supp|txt|csv|ya?ml)|Makefile|(.*/)?Makefile|\.ci/run|\.clang-.*|\.gitignore"
LINE_MAX = {"c": 130, "h": 130, "py": 140, "sh": 120}
TABS_ALLOWED = r"(.*/)?Makefile"
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"  # in two pieces, or this file would complain about itself

TOP_LEVEL = {"gateway", "drivers", "config", "firmware-sim", "tests", "Makefile", "README.md"}

# --- headers that must have no holes between their members: they are copied, queued and stored by value ---
PADDED_CHECKED = ["gateway/model/sample.h"]
