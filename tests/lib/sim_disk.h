/*
 * sim_disk.h - the files of machines in a simulated world (sim.h): what was not flushed can be lost
 *
 * The files are real ones, in folders that the test makes; each life of a machine has a
 * folder of its own. Writing, truncating and flushing take time, fail at times, and are
 * remembered, so that sim_disk_crash() can tell what the next life finds.
 * Files are read, locked and made as ever.  SQLite's own files are not known here.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_SIM_DISK_H
#define PGBLOB_TESTS_LIB_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* From now on: how long a call takes, mostly less, and how many of a thousand fail. */
void sim_disk_set(int64_t latency_us, unsigned failing);

/*
 * The machine whose folder is `from` has died, or its process: `to` (not there yet) becomes what
 * is left.  If the power was lost, that is what was flushed, and anything of what was
 * not.  Whatever is written to `from` from now on fails.
 */
void sim_disk_crash(const char *from, const char *to, bool power_lost);

void sim_disk_free(void);

#endif
