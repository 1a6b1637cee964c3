/*
 * key.h - database names, and the keys of a database's objects
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_KEY_H
#define PGBLOB_VFS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct error;

enum { DB_NAME_MAX = 63, DB_NAME_ENCODED = 64 * 3 + 1, KEY_MAX = 512 };

/* 1 to 63 bytes of UTF-8 without control characters and '@'. */
MUST_CHECK bool db_name_check(const char *name, struct error *err);

/* `name` must have passed db_name_check(). */
void db_name_encode(const char *name, char out[DB_NAME_ENCODED]);

/* The name whose encoding is `len` bytes of `text`; false if it is none. */
MUST_CHECK bool db_name_decode(const char *text, size_t len, char out[DB_NAME_MAX + 1]);

/* `folder` is an encoded name. */
void key_slot(char out[KEY_MAX], const char *folder, uint64_t lsn);
void key_manifest(char out[KEY_MAX], const char *folder, uint64_t lsn);
void key_segment(char out[KEY_MAX], const char *folder, const uint8_t id[ID_LEN]);
/* `name` is encoded, or begins with '+': pin.h. */
void key_pin(char out[KEY_MAX], const char *folder, const char *name);
void key_floor(char out[KEY_MAX], const char *folder, uint64_t number);

/* The lsn, or number, of a key that key_manifest(), key_slot() or key_floor() made. */
MUST_CHECK bool key_manifest_lsn(const char *key, uint64_t *lsn);
MUST_CHECK bool key_slot_lsn(const char *key, uint64_t *lsn);
MUST_CHECK bool key_floor_number(const char *key, uint64_t *number);

#endif
