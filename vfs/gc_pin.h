/*
 * gc_pin.h - the pins of a folder that is cleaned up
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_GC_PIN_H
#define PGBLOB_VFS_GC_PIN_H

#include "vfs/pin.h"

/* A version that clean-up keeps for a pin. */
struct kept_pin {
	uint64_t lsn;
	struct pin pin;
	bool whole;       /* false: only its lsn is understood */
	int64_t mtime_us; /* by the store's clock; 0: not told */
	uint64_t size;
};

struct gc_pins {
	struct kept_pin *pins;
	size_t n;
	bool unknown;     /* there is one that we do not understand: everything is kept */
};

/* Those that are there; `out` is zeroed, and for gc_pins_free() in any case. */
MUST_CHECK enum vfs_rc gc_pins_read(struct blob_store *store, const char *folder,
				    struct gc_pins *out, struct error *err);
void gc_pins_free(struct gc_pins *pins);

/*
 * Forget those that were there at `old_us` by the store's clock and that nobody needs; they
 * are deleted unless dry_run.  One of which that cannot be found out stays.
 */
MUST_CHECK enum vfs_rc gc_pins_drop(struct blob_store *store, const char *folder, int64_t old_us,
				    bool dry_run, struct gc_pins *pins, struct vfs_deleted *count,
				    struct error *err);

#endif
