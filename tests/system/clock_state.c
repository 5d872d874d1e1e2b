/* clock_state: what the kernel says about the wall clock, for programs started with LD_PRELOAD. CLOCK_STATE=set: disciplined;
 * anything else: not. Whether the machine that runs the tests has a time server is nothing that they may depend on. */
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

int adjtimex(struct timex *timex)
{
    const char *state = getenv("CLOCK_STATE");
    memset(timex, 0, sizeof *timex);
    if (state != NULL && strcmp(state, "set") == 0)
        return TIME_OK;
    timex->status = STA_UNSYNC;
    return TIME_ERROR;
}
