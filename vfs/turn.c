/*
 * turn.c - the right to write, handed on in order
 * Licence: MIT, see LICENSE.
 */
#include "vfs/db.h"

#include <assert.h>

#include "base/clock.h"

enum { CANCEL_POLL_MS = 20 };

bool turn_try(struct db *db, const void *owner)
{
	bool mine;

	mutex_lock(&db->lock);
	if (db->turn_owner == NULL)
		db->turn_owner = owner;
	mine = db->turn_owner == owner;
	mutex_unlock(&db->lock);
	return mine;
}

static void leave_locked(struct db *db, struct turn_waiter *w)
{
	struct turn_waiter **at = &db->first_waiter;
	struct turn_waiter *before = NULL;

	for (; *at != w; at = &(*at)->next)
		before = *at;
	*at = w->next;
	if (db->last_waiter == w)
		db->last_waiter = before;
}

enum vfs_rc turn_wait(struct db *db, const void *owner, int64_t deadline_ms,
		      const atomic_bool *canceled, struct error *err)
{
	struct turn_waiter w = { .owner = owner };
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&db->lock);
	if (db->turn_owner == NULL || db->turn_owner == owner) {
		db->turn_owner = owner;
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	cond_init(&w.wake);
	if (db->last_waiter != NULL)
		db->last_waiter->next = &w;
	else
		db->first_waiter = &w;
	db->last_waiter = &w;
	while (!w.mine) {
		int64_t until = deadline_ms;

		if (canceled != NULL && atomic_load(canceled)) {
			rc = VFS_CANCELED;
			break;
		}
		if (deadline_ms != 0 && ms_until(deadline_ms) == 0) {
			rc = VFS_TIMEOUT;
			break;
		}
		/* whoever raises the flag does not know us: look now and then */
		if (canceled != NULL &&
		    (until == 0 || until > mono_ms() + CANCEL_POLL_MS))
			until = mono_ms() + CANCEL_POLL_MS;
		if (until == 0)
			cond_wait(&w.wake, &db->lock);
		else
			(void)cond_wait_until(&w.wake, &db->lock, until);
	}
	if (!w.mine)
		leave_locked(db, &w);
	else
		rc = VFS_OK;
	mutex_unlock(&db->lock);
	cond_deinit(&w.wake);
	if (rc == VFS_TIMEOUT)
		error_set(err, "another transaction is writing to database \"%s\"", db->name);
	else if (rc == VFS_CANCELED)
		error_set(err, "canceled while waiting to write to database \"%s\"", db->name);
	return rc;
}

void turn_end(struct db *db, const void *owner)
{
	struct turn_waiter *w;

	mutex_lock(&db->lock);
	assert(db->turn_owner == owner);
	w = db->first_waiter;
	if (w == NULL) {
		db->turn_owner = NULL;
	} else {
		leave_locked(db, w);
		db->turn_owner = w->owner;
		w->mine = true;
		cond_signal(&w->wake);
	}
	mutex_unlock(&db->lock);
}
