/*
 * json_writer.h - a JSON document, written as it is told
 *
 *	struct json_writer j = { .out = stdout };
 *	json_put_object(&j, NULL);
 *	json_put_string(&j, "name", name);
 *	json_put_u64(&j, "lsn", lsn);
 *	json_put_end(&j);                   and a newline, when it was the outermost
 *
 * In an array the name is NULL.  Not more than 16 levels.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_JSON_WRITER_H
#define PGBLOB_CMD_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
	FILE *out;
	unsigned depth;
	uint32_t arrays; /* bit d: level d is an array */
	uint32_t filled; /* bit d: something is in it */
};

void json_put_object(struct json_writer *j, const char *name);
void json_put_array(struct json_writer *j, const char *name);
void json_put_end(struct json_writer *j);

/* NULL is null; what is not UTF-8 is replaced. */
void json_put_string(struct json_writer *j, const char *name, const char *value);
void json_put_u64(struct json_writer *j, const char *name, uint64_t value);
void json_put_bool(struct json_writer *j, const char *name, bool value);
/* Microseconds since 1970, as "2026-09-01T12:00:00.123456Z". */
void json_put_time(struct json_writer *j, const char *name, int64_t us);
/* Lower-case hex. */
void json_put_hex(struct json_writer *j, const char *name, const uint8_t *bytes, size_t len);

#endif
