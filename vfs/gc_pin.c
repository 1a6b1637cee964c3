/*
 * gc_pin.c - the pins of a folder that is cleaned up
 * Licence: MIT, see LICENSE.
 */
#include "vfs/gc_pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfs/branch.h"
#include "vfs/listing.h"

enum { PIN_HEAD = 16, PIN_BYTES = 4096 };

struct reading {
	struct blob_store *store;
	struct gc_pins *out;
};

/* The version that a pin keeps; of a pin that we do not understand nothing may be deleted. */
static enum vfs_rc read_pin(void *arg, const struct blob_entry *entry, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = PIN_BYTES };
	struct buf body = BUF_INIT(PIN_BYTES);
	struct reading *r = arg;
	struct gc_pins *out = r->out;
	struct kept_pin *grown = realloc(out->pins, (out->n + 1) * sizeof(grown[0]));

	if (grown == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	out->pins = grown;
	enum blob_rc got = blob_get(r->store, entry->key, &range, &body, NULL, err);
	if (got == BLOB_NOT_FOUND) {
		error_clear(err); /* dropped since it was listed */
		return VFS_OK;
	}
	struct kept_pin kept = { .mtime_us = entry->info.mtime_us, .size = entry->info.size };
	const uint8_t *bytes = (const uint8_t *)body.data;
	if (got == BLOB_OK && body.len >= PIN_HEAD && memcmp(bytes, "PGBP\0\1", 6) == 0)
		kept.lsn = get_u64(bytes + 8);
	kept.whole = kept.lsn != 0 && pin_parse(bytes, body.len, entry->key, &kept.pin, NULL);
	kept.pin.plain_key = pin_key_is_plain(entry->key);
	buf_free(&body);
	if (got != BLOB_OK)
		return vfs_rc_of_blob(got);
	if (kept.lsn == 0)
		out->unknown = true;
	out->pins[out->n++] = kept;
	return VFS_OK;
}

enum vfs_rc gc_pins_read(struct blob_store *store, const char *folder, struct gc_pins *out,
			 struct error *err)
{
	struct reading r = { store, out };

	return list_objects(store, folder, "pin", NULL, read_pin, &r, err);
}

void gc_pins_free(struct gc_pins *pins)
{
	free(pins->pins);
	*pins = (struct gc_pins){ NULL, 0, false };
}

/* Not one of which it is not known: what its branch needs would go with it. */
static bool is_left_over(struct blob_store *store, const char *folder, const struct kept_pin *kept,
			 bool dry_run)
{
	struct error err = ERROR_INIT;
	bool needed = true;
	enum vfs_rc rc = branch_pin_needed(store, folder, &kept->pin, &needed, &err);

	if (rc == VFS_OK && !needed && !dry_run) {
		rc = branch_give_up(store, folder, &kept->pin, &err);
		if (rc == VFS_OK)
			rc = branch_pin_needed(store, folder, &kept->pin, &needed, &err);
	}
	if (rc != VFS_OK)
		log_warn(NULL, "a pin for \"%s\" is kept, since it is not known whether it is needed: %s",
			 kept->pin.name, err.text);
	return rc == VFS_OK && !needed;
}

enum vfs_rc gc_pins_drop(struct blob_store *store, const char *folder, int64_t old_us, bool dry_run,
			 struct gc_pins *pins, struct vfs_deleted *count, struct error *err)
{
	enum vfs_rc rc = VFS_OK;
	size_t kept = 0;

	for (size_t i = 0; i < pins->n; i++) {
		const struct kept_pin *p = &pins->pins[i];
		bool old = p->mtime_us != 0 && p->mtime_us <= old_us;

		if (rc == VFS_OK && p->whole && old && is_left_over(store, folder, p, dry_run)) {
			count->n++;
			count->bytes += p->size;
			rc = dry_run ? VFS_OK : pin_delete(store, folder, &p->pin, err);
			if (rc == VFS_OK)
				continue;
		}
		pins->pins[kept++] = *p;
	}
	pins->n = kept;
	return rc;
}
