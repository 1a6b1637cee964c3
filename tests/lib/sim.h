/*
 * sim.h - a world of threads, clocks and machines that a seed determines
 *
 * A program that is linked with the --wrap options of $(SIM_LINK) runs its
 * threads, and those that the code under test starts, one at a time.  Whoever
 * waits, for a mutex, a condition, an event, a thread or a time, hands over to
 * one of those that can go on, drawn from the seed; now and then so does who only
 * takes a mutex.  The clocks tell the world's time.  It stands still while anybody
 * can go on (but each look at a clock takes a microsecond) and then jumps to the
 * next thing that is due: hours cost nothing.  Random bytes come from the seed.  So one
 * seed is one history, whatever the machine, its load, or a sanitizer.
 *
 * A thread belongs to a machine, which those that it starts inherit.  A machine
 * has a wall clock of its own, and can be asleep: its threads do not come back
 * from a wait for a time (a request to the store is one) before it wakes.
 *
 * What is not wrapped: locks within shared libraries.  A thread must not wait, in
 * the sense of this world, while it holds one of them.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_SIM_H
#define PGBLOB_TESTS_LIB_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum { SIM_MACHINES = 16 };

/* Run `run` as the first thread of a new world, once in a process; returns when it ends. */
void sim_run(uint64_t seed, void (*run)(void *arg), void *arg);

/* The world's time, microseconds since its beginning. */
int64_t sim_now_us(void);
/* The calling thread goes on so much later at the earliest. */
void sim_sleep_us(int64_t us);

uint64_t sim_random(uint64_t n); /* 0 to n - 1 */
bool sim_chance(unsigned per_mille);
/* From least to most, small ones much more often. */
int64_t sim_skewed(int64_t least, int64_t most);

/* The calling thread is of this machine from now on; 0 to SIM_MACHINES - 1. */
void sim_set_machine(unsigned machine);
/* The machine sleeps for so long, from now on. */
void sim_put_to_sleep(unsigned machine, int64_t us);
/* Its wall clock is ahead by so much. */
void sim_skew_clock(unsigned machine, int64_t us);

/* One more thread of the caller's machine; sim_join() waits for its end. */
struct sim_thread;
struct sim_thread *sim_start(void (*run)(void *arg), void *arg);
void sim_join(struct sim_thread *thread);

/* What happens, told on standard error if `verbose`; the last lines are told by sim_fail(). */
void sim_set_verbose(bool verbose);
void sim_trace(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Of all that was traced: two runs of a seed have the same. */
uint64_t sim_digest(void);

/* The history must not be: tells why, and what came before, and ends the process with status 1. */
_Noreturn void sim_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
