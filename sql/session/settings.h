/*
 * settings.h - a session's configuration parameters (GUCs)
 *
 * Names, types, units and ranges are PostgreSQL's own (pgcat_settings()).  A
 * value has two levels: what SET made it, and what SET LOCAL made it until the
 * transaction ends.  Changes are logged so that a transaction or a savepoint that
 * is rolled back takes them with it.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_SESSION_SETTINGS_H
#define PGBLOB_SQL_SESSION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/map.h"
#include "sql/error.h"

struct buf;
struct sql_session;
struct pg_setting_row;

struct setting;
struct setting_change;

/* What COMMIT waits for; the later, the more. */
enum synchronous_commit { SYNC_OFF, SYNC_LOCAL, SYNC_REMOTE_WRITE, SYNC_ON, SYNC_REMOTE_APPLY };

struct settings {
	struct map by_name;               /* those that were ever set, and our own */
	struct setting_change *changes;   /* of the open transaction, oldest first */
	size_t n_changes, max_changes;
	/* what the session itself looks at */
	int64_t statement_timeout_ms;
	int64_t lock_timeout_ms;
	int64_t idle_in_transaction_timeout_ms;
	int64_t idle_session_timeout_ms;
	enum synchronous_commit synchronous_commit; /* of the transaction that commits now */
	int default_isolation;
	bool default_read_only;
	bool default_deferrable;
	int min_messages;                 /* rank of client_min_messages */
	char **search_path;
	const char *search_path_text;     /* borrowed from the setting */
	int n_search_path;
	bool report;                      /* a reported one has changed */
};

MUST_CHECK bool settings_init(struct sql_session *s, struct sql_error *err);
void settings_deinit(struct sql_session *s);

/* Where a value comes from. */
enum setting_source { SETTING_DEFAULT, SETTING_STARTUP, SETTING_SET, SETTING_LOCAL };

/* Set it as SET does; value NULL: to its default. */
MUST_CHECK bool setting_set(struct sql_session *s, const char *name, const char *value,
			    enum setting_source source, struct sql_error *err);
MUST_CHECK bool settings_reset_all(struct sql_session *s, struct sql_error *err);
/* As SHOW shows it, or NULL if there is no such setting; good until it changes. */
const char *setting_show(struct sql_session *s, const char *name);

void settings_commit(struct sql_session *s);
void settings_rollback(struct sql_session *s, size_t mark);
size_t settings_mark(const struct sql_session *s);
/* Tell the sink of reported settings that have another value than it was told. */
void settings_report(struct sql_session *s);
/* Make all of them be told again. */
void settings_report_all(struct sql_session *s);

/* Calls f with each setting's name, value and description, by name. */
void settings_each(struct sql_session *s,
		   void (*f)(void *arg, const char *name, const char *value, const char *text),
		   void *arg);

#endif
