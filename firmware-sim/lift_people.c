/* The people of a lift: who calls it, who gets in and out, and which call comes next.
 *
 * People arrive by a Poisson process: in a step of dt somebody comes with the probability 1 - e^(-rate dt), where
 * rate = calls_h * (share of the hour of the day). Half of them start at the main landing; of the others most want to go
 * there (a residential building). Calls are served collectively: all on the way first, then those behind. The shape of the
 * day is an engineering choice: two peaks, a quiet night. */
#include "firmware-sim/lift.h"

#include <math.h>

#define WAITING_MAX    12U
#define FROM_MAIN      0.5 /* probabilities */
#define TO_MAIN        0.7
#define COMPANION      0.3
#define LEAVES_AFTER_S 1.5 /* of open doors */

/* Share of the busiest hour, by hour of the day. */
static const double day[24] = {0.05, 0.03, 0.02, 0.02, 0.03, 0.10, 0.35, 0.80, 1.00, 0.70, 0.50, 0.60,
                               0.75, 0.60, 0.45, 0.45, 0.55, 0.80, 0.95, 0.80, 0.60, 0.40, 0.25, 0.10};

static int main_landing(const struct lift *lift)
{
    return lift->lowest < 0 ? -lift->lowest : 0;
}

static int random_landing(const struct lift *lift, int but, struct random *random)
{
    int landing = (int)random_below(random, (unsigned)(lift->floors - 1));
    return landing >= but ? landing + 1 : landing;
}

void lift_people_arrive(struct lift *lift, double dt_s, struct random *random)
{
    double rate_h = isnan(lift->traffic_h) ? lift->calls_h * day[(int)lift->hour % 24] : lift->traffic_h;
    lift->hour = fmod(lift->hour + dt_s / 3600, 24);
    if (!random_chance(random, -expm1(-rate_h * dt_s / 3600)) || !lift_serves(lift))
        return;
    int home = main_landing(lift);
    int landing = random_chance(random, FROM_MAIN) ? home : random_landing(lift, home, random);
    unsigned party = random_chance(random, COMPANION) ? 2 : 1;
    if (lift->waiting[landing] + party <= WAITING_MAX)
        lift->waiting[landing] += party;
}

static void get_out(struct lift *lift, int here)
{
    bool all = lift->everybody_out || !lift_serves(lift);
    for (int i = 0; i < lift->floors; i++) {
        if (i != here && !all)
            continue;
        lift->inside -= lift->inside_to[i];
        lift->carried += lift->inside_to[i];
        lift->inside_to[i] = 0;
    }
}

static void get_in(struct lift *lift, int here, struct random *random)
{
    int home = main_landing(lift);
    while (lift->waiting[here] > 0 && lift->inside < (unsigned)lift->persons_max) {
        bool goes_home = here != home && random_chance(random, TO_MAIN);
        int wish = goes_home ? home : random_landing(lift, here, random);
        lift->waiting[here]--;
        lift->inside_to[wish]++;
        lift->inside++;
    }
}

void lift_people_move(struct lift *lift, struct random *random)
{
    int here = lift_landing(lift);
    if (lift->in_phase_s < LEAVES_AFTER_S)
        return;
    if (!lift->moved_people)
        get_out(lift, here);
    else if (lift_serves(lift) && !lift->everybody_out)
        get_in(lift, here, random);
    lift->moved_people = true;
}

bool lift_is_called(const struct lift *lift, int landing)
{
    bool room = lift->inside < (unsigned)lift->persons_max;
    bool hall = lift_serves(lift) && room && lift->waiting[landing] > 0;
    return landing == lift->service_call || hall || (lift_serves(lift) && lift->inside_to[landing] > 0);
}

/* The nearest call that the car can still stop at, on its way. */
static int call_towards(const struct lift *lift, double going, double slack_m)
{
    for (int i = 0; i < lift->floors; i++) {
        int landing = going > 0 ? i : lift->floors - 1 - i;
        if (going * (landing * lift->floor_m - lift->position) >= slack_m && lift_is_called(lift, landing))
            return landing;
    }
    return -1;
}

int lift_next_call(const struct lift *lift)
{
    double stops_within = lift->speed * lift->speed / (2 * LIFT_ACCELERATION) - 0.001;
    int ahead = call_towards(lift, lift->going, stops_within);
    if (ahead >= 0 || lift->speed > 0)
        return ahead;
    return call_towards(lift, -lift->going, stops_within);
}
