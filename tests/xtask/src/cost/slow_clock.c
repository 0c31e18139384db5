/* A clock that all but stands still, for programs under a tool that makes them fifty times slower.
 *
 * The host lets a quick call compute in its caller's task, and moves a slow one to another thread. What is slow
 * would then depend on the tool, on the machine and on what else runs on it, and so would the counts.
 * Pauses are not affected: the system counts them itself.
 */

#define _GNU_SOURCE

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A second becomes a microsecond. */
#define SLOWER 1000000L

static struct timespec begin;

static int real_time(clockid_t clock, struct timespec *time)
{
    return (int)syscall(SYS_clock_gettime, clock, time);
}

__attribute__((constructor)) static void start(void)
{
    real_time(CLOCK_MONOTONIC, &begin);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int failed = real_time(clock, time);
    if (failed || clock != CLOCK_MONOTONIC)
        return failed;
    long passed = (time->tv_sec - begin.tv_sec) * 1000000000L + (time->tv_nsec - begin.tv_nsec);
    long shown = begin.tv_nsec + passed / SLOWER;
    time->tv_sec = begin.tv_sec + shown / 1000000000L;
    time->tv_nsec = shown % 1000000000L;
    return 0;
}
