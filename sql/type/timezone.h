/*
 * timezone.h - offsets of time zones
 *
 * Zones are kept for ever once they were found, and never change: any thread.
 * Times are seconds since 1970, of UTC or of the zone's own clock.
 *
 * Source: RFC 8536 (TZif), POSIX.1 section 8.3 (TZ); PostgreSQL 15 documentation,
 * appendix B, for what a local time means where clocks are changed.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_TIMEZONE_H
#define PGBLOB_SQL_TYPE_TIMEZONE_H

#include <stdbool.h>
#include <stdint.h>

struct timezone;

/* Seconds east of UTC at a moment; abbreviation and is_dst may be NULL. */
int32_t timezone_offset(const struct timezone *tz, int64_t utc, bool *is_dst,
			const char **abbreviation);

/*
 * Seconds east of UTC that a local time means: of a time that is there twice, or not
 * at all, the one by standard time.
 */
int32_t timezone_local_offset(const struct timezone *tz, int64_t local);

/* A fixed offset that an abbreviation stands for ("EST"), whatever its case. */
bool timezone_abbreviation(const char *name, int32_t *offset, bool *is_dst);

/* A zone of a fixed offset, named as PostgreSQL names it: <+03>-03. */
const struct timezone *timezone_fixed(int32_t offset);

#endif
