/*
 * torture_model.c - what clients were told, and whether the database agrees
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/torture.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vfs/format.h"
#include "vfs/key.h"
#include "vfs/local_format.h"
#include "vfs/local_log.h"
#include "vfs/vfs.h"

enum { TX_MAX = 20000, LSN_MAX = 20000, LIVES_MAX = 400, HEARD_MAX = 1000 };

static struct {
	struct tx *txs[TX_MAX + 1]; /* by id */
	uint32_t n_txs;
	unsigned n_snapshots, n_pasts, n_of_branches;
	bool kept[TX_MAX + 1];      /* in a journal that was set aside */
	unsigned n_kept;
	char *heard[HEARD_MAX];     /* what was said of journals that were set aside */
	unsigned n_heard;
} model;

/* What is known of one database. */
struct database_model {
	uint64_t n_done;
	uint32_t order[TX_MAX];     /* the rows of `done` that anybody has seen as durable */
	size_t n_order;
	bool base_known;
	size_t n_base;              /* of a branch: rows that it begins with */
	size_t rows_at_lsn[LSN_MAX];
	uint64_t at_lsn[LSN_MAX];   /* what was read at an lsn: all must read the same; 0: nobody did */
	size_t seen[MACHINES_MAX + 1][LIVES_MAX];
};

static struct database_model *model_of(struct database *d)
{
	if (d->model == NULL && (d->model = calloc(1, sizeof(*d->model))) == NULL)
		abort();
	return d->model;
}

struct tx *model_begin(struct database *d, unsigned machine, unsigned life)
{
	struct tx *tx = calloc(1, sizeof(*tx));

	if (tx == NULL || model.n_txs == TX_MAX)
		sim_fail("too many transactions");
	tx->id = ++model.n_txs;
	tx->of = d;
	tx->begun_us = sim_now_us();
	tx->machine = machine;
	tx->life = life;
	tx->a = (unsigned)sim_random(ACCOUNTS);
	tx->b = (unsigned)sim_random(ACCOUNTS);
	tx->x = (unsigned)sim_random(50);
	model.txs[tx->id] = tx;
	return tx;
}

void model_told(struct tx *tx, enum tx_state state)
{
	static const char *const names[] = { "open", "done", "failed", "unknown", "unattended", "on disk" };

	tx->state = state;
	if (state == TX_DONE && model_dropped(tx->of) && tx->of->dropped_us < tx->begun_us)
		sim_fail("transaction %u of %s is told as done, and it was dropped before", tx->id,
			 tx->of->name);
	if (state == TX_DONE) {
		tx->done_seq = ++model_of(tx->of)->n_done;
		tx->of->told = true;
	}
	sim_trace("transaction %u is told as %s", tx->id, names[state]);
}

struct reader model_reader(struct database *d, unsigned machine, unsigned life)
{
	if (life >= LIVES_MAX)
		sim_fail("too many lives");
	return (struct reader){
		.of = d,
		.machine = machine,
		.life = life,
		.n_done = model_of(d)->n_done,
		.n_seen = model_of(d)->seen[machine][life],
		.gone = d->drop_told,
	};
}

/* --- reading --------------------------------------------------------------- */

struct state {
	uint32_t order[TX_MAX];
	size_t n;
	int64_t balances[ACCOUNTS];
};

static struct tx *tx_of(int64_t id)
{
	if (id < 1 || id > model.n_txs)
		sim_fail("the database holds transaction %" PRId64 ", which nobody made", id);
	return model.txs[id];
}

/* A row of `done`; false: SQLite failed. */
static bool read_order(sqlite3 *db, struct state *s)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(db, "SELECT tx, a, b, x FROM done ORDER BY id", -1, &stmt, NULL) != SQLITE_OK)
		return false;
	s->n = 0;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct tx *tx = tx_of(sqlite3_column_int64(stmt, 0));

		if (s->n == TX_MAX || sqlite3_column_int64(stmt, 1) != tx->a ||
		    sqlite3_column_int64(stmt, 2) != tx->b || sqlite3_column_int64(stmt, 3) != tx->x)
			sim_fail("the row of transaction %u is not what it wrote", tx->id);
		s->order[s->n++] = tx->id;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE;
}

static bool read_balances(sqlite3 *db, struct state *s)
{
	sqlite3_stmt *stmt;
	unsigned n = 0;
	int rc;

	if (sqlite3_prepare_v2(db, "SELECT id, v FROM acc ORDER BY id", -1, &stmt, NULL) != SQLITE_OK)
		return false;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (n == ACCOUNTS || sqlite3_column_int64(stmt, 0) != n)
			sim_fail("the accounts are not those that were made");
		s->balances[n++] = sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	if (rc == SQLITE_DONE && n != ACCOUNTS)
		sim_fail("there are %u accounts", n);
	return rc == SQLITE_DONE;
}

static bool read_int(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return false;
	bool ok = sqlite3_step(stmt) == SQLITE_ROW;
	*out = ok ? sqlite3_column_int64(stmt, 0) : 0;
	return sqlite3_finalize(stmt) == SQLITE_OK && ok;
}

/* Invariant 3: whole, once, or not at all. */
static void check_whole(const struct state *s)
{
	int64_t balances[ACCOUNTS];
	bool *there = calloc(model.n_txs + 1, sizeof(*there));

	if (there == NULL)
		abort();
	for (unsigned i = 0; i < ACCOUNTS; i++)
		balances[i] = FIRST_BALANCE;
	for (size_t i = 0; i < s->n; i++) {
		const struct tx *tx = model.txs[s->order[i]];

		if (there[tx->id])
			sim_fail("transaction %u is applied twice", tx->id);
		there[tx->id] = true;
		if (tx->state == TX_FAILED)
			sim_fail("transaction %u is there, and was told as failed", tx->id);
		balances[tx->a] -= tx->x;
		balances[tx->b] += tx->x;
	}
	free(there);
	for (unsigned i = 0; i < ACCOUNTS; i++)
		if (balances[i] != s->balances[i])
			sim_fail("account %u holds %" PRId64 ", and after these %zu transactions must hold %" PRId64,
				 i, s->balances[i], s->n, balances[i]);
}

/* Read all of it. */
static bool read_state(sqlite3 *db, struct state *s)
{
	return read_order(db, s) && read_balances(db, s);
}

/* How many of the rows a branch has begun with: those that others wrote.  Its own come behind them. */
static size_t count_base(const struct database *d, const struct state *s)
{
	size_t n = 0;

	while (n < s->n && model.txs[s->order[n]]->of != d)
		n++;
	for (size_t i = n; i < s->n; i++)
		if (model.txs[s->order[i]]->of != d)
			sim_fail("row %zu of %s, transaction %u, is of another database", i, d->name,
				 s->order[i]);
	if (n > 0 && d->parent == NULL)
		sim_fail("%s holds transaction %u of another database", d->name, s->order[0]);
	return n;
}

bool model_check_whole(sqlite3 *db, struct database *d)
{
	struct state *s = malloc(sizeof(*s));
	bool ok = s != NULL && read_state(db, s);

	if (ok) {
		check_whole(s);
		(void)count_base(d, s);
	}
	free(s);
	return ok;
}

/* A branch is what its parent was: it is known what that is once one of the two has been read. */
static void check_base(struct database *d, const struct state *s)
{
	struct database_model *m = model_of(d);
	size_t n = count_base(d, s);

	if (m->base_known && n != m->n_base)
		sim_fail("%s began with %zu transactions, and now with %zu", d->name, m->n_base, n);
	m->base_known = true;
	m->n_base = n;
	if (d->parent == NULL || d->parent_lsn >= LSN_MAX)
		return;
	struct database_model *parent = model_of(d->parent);
	if (parent->at_lsn[d->parent_lsn] != 0 && parent->rows_at_lsn[d->parent_lsn] != n)
		sim_fail("%s, a branch of slot %" PRIu64 " of %s, began with %zu transactions instead of %zu",
			 d->name, d->parent_lsn, d->parent->name, n, parent->rows_at_lsn[d->parent_lsn]);
}

/* Row i of `done` is that transaction, for ever. */
static void note_row(struct database *d, size_t i, uint32_t id)
{
	struct database_model *m = model_of(d);

	if (d->parent != NULL && m->base_known && i < m->n_base)
		note_row(d->parent, i, id);
	if (i < m->n_order && m->order[i] != id)
		sim_fail("row %zu of %s is transaction %u, and was read as %u before", i, d->name, id,
			 m->order[i]);
	m->order[i] = id;
	if (i >= m->n_order)
		m->n_order = i + 1;
}

/* Durable states follow each other: all that anybody sees is a prefix of one order. */
static void check_order(const struct state *s, const struct reader *r)
{
	struct database_model *m = model_of(r->of);
	uint64_t n_told = 0;
	size_t own = 0, own_told = 0;

	check_base(r->of, s);
	for (size_t i = 0; i < s->n; i++) {
		const struct tx *tx = model.txs[s->order[i]];

		note_row(r->of, i, tx->id);
		if (tx->of == r->of && tx->done_seq != 0 && tx->done_seq <= r->n_done) {
			n_told++;
			own += tx->machine == r->machine && tx->life == r->life;
		}
	}
	for (uint32_t id = 1; id <= model.n_txs; id++) {
		const struct tx *tx = model.txs[id];

		own_told += tx->of == r->of && tx->machine == r->machine && tx->life == r->life &&
			    tx->done_seq != 0 && tx->done_seq <= r->n_done;
	}
	if (own != own_told)
		sim_fail("%zu of the %zu commits to %s that this machine has acknowledged are missing",
			 own_told - own, own_told, r->of->name);
	if (plan.cache_ttl_ms == 0 && n_told != r->n_done)
		sim_fail("%" PRIu64 " of the %" PRIu64 " commits to %s that were acknowledged before are missing",
			 r->n_done - n_told, r->n_done, r->of->name);
	if (s->n < r->n_seen)
		sim_fail("%zu transactions are in %s; this machine has seen %zu before", s->n, r->of->name,
			 r->n_seen);
	if (m->seen[r->machine][r->life] < s->n)
		m->seen[r->machine][r->life] = s->n;
	model.n_of_branches += r->of->parent != NULL && s->n > m->n_base;
}

/* Invariants 2 and 4: what a reader sees lies in a slot, and one slot is one state. */
static bool check_lsn(sqlite3 *db, const struct state *s, const struct reader *r)
{
	struct database_model *m = model_of(r->of);
	static const char *const what[] = { "PRAGMA schema_version", "PRAGMA page_size", "PRAGMA page_count",
					    "SELECT count(*) FROM sqlite_schema" };
	uint64_t digest = 0xcbf29ce484222325u ^ s->n;
	char key[KEY_MAX + 2];
	int64_t lsn, value;

	if (!read_int(db, "PRAGMA pgblob_lsn", &lsn))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (!read_int(db, what[i], &value))
			return false;
		digest = (digest ^ (uint64_t)value) * 0x100000001b3u;
	}
	memcpy(key, "p/", 2);
	key_slot(key + 2, r->of->name, (uint64_t)lsn);
	if (sim_store_find(key) == NULL)
		sim_fail("a reader sees slot %" PRId64 " of %s, which is not there", lsn, r->of->name);
	if (model_find(r->of->name, (uint64_t)lsn) != r->of)
		sim_fail("a reader of %s sees slot %" PRId64 ", which is of another database of that name",
			 r->of->name, lsn);
	if (r->gone && plan.cache_ttl_ms == 0)
		sim_fail("a reader sees slot %" PRId64 " of %s, which was dropped before", lsn, r->of->name);
	if (lsn >= LSN_MAX)
		sim_fail("too many slots");
	if (m->at_lsn[lsn] != 0 && m->at_lsn[lsn] != digest)
		sim_fail("slot %" PRId64 " of %s is another state than it was when it was read before", lsn,
			 r->of->name);
	m->at_lsn[lsn] = digest;
	m->rows_at_lsn[lsn] = s->n;
	sim_trace("read slot %" PRId64 " of %s: %zu transactions", lsn, r->of->name, s->n);
	return true;
}

bool model_check_snapshot(sqlite3 *db, struct reader *r)
{
	struct state *s = malloc(sizeof(*s));
	bool ok = s != NULL && read_state(db, s) && check_lsn(db, s, r);

	if (ok) {
		check_whole(s);
		check_order(s, r);
		model.n_snapshots++;
	}
	free(s);
	return ok;
}

uint64_t model_random_lsn(const struct database *d)
{
	uint64_t out = 0;
	unsigned n = 0;

	for (uint64_t lsn = 1; lsn < LSN_MAX && d->model != NULL; lsn++)
		if (d->model->at_lsn[lsn] != 0 && sim_random(++n) == 0)
			out = lsn;
	return out;
}

bool model_is_kept(struct database *d, uint64_t lsn)
{
	int64_t next_us = model_slot_us(d->name, lsn + 1);

	return !model_dropped(d) && (next_us < 0 || sim_now_us() - next_us < plan.retention_ms * 1000);
}

bool model_check_past(sqlite3 *db, struct database *d, uint64_t lsn)
{
	struct reader nobody = { .of = d, .machine = MACHINES_MAX };
	int64_t is;

	if (!model_check_snapshot(db, &nobody) || !read_int(db, "PRAGMA pgblob_lsn", &is))
		return false;
	if ((uint64_t)is != lsn)
		sim_fail("slot %" PRIu64 " of %s was asked for, and %" PRId64 " is shown", lsn, d->name, is);
	model.n_pasts++;
	return true;
}

/* --- local journals -------------------------------------------------------- */

void model_heard(const char *line)
{
	if (strstr(line, "they are kept in") == NULL)
		return;
	if (model.n_heard == HEARD_MAX || (model.heard[model.n_heard] = strdup(line)) == NULL)
		sim_fail("too many journals are set aside");
	model.n_heard++;
}

/* Every transaction whose row is in the image is kept. */
static bool find_marks(void *arg, pgno_t pgno, const uint8_t *image, struct error *err)
{
	const struct local_head *head = arg;
	static const char begin[] = "<transaction ";
	const uint8_t *end = image + head->page_size, *at = image;

	(void)pgno;
	(void)err;
	while ((at = memmem(at, (size_t)(end - at), begin, strlen(begin))) != NULL) {
		unsigned id = 0;

		at += strlen(begin);
		while (at < end && *at >= '0' && *at <= '9' && id <= TX_MAX)
			id = id * 10 + *at++ - '0';
		if (at == end || *at != '>')
			continue; /* what is left of a row that was overwritten */
		model.n_kept += !model.kept[tx_of(id)->id];
		model.kept[id] = true;
	}
	return true;
}

static void read_kept_file(const char *path)
{
	struct buf bytes = BUF_INIT((size_t)1 << 30);
	struct error err = ERROR_INIT;
	struct local_record r;
	struct local_head head;
	unsigned n = 0;
	size_t at = 0;
	FILE *in = fopen(path, "r");
	char part[4096];

	for (size_t got; in != NULL && (got = fread(part, 1, sizeof(part), in)) > 0;)
		buf_put(&bytes, part, got);
	if (in != NULL)
		fclose(in);
	while (local_log_next(&bytes, &at, &r)) {
		if (r.kind != LOCAL_PAGES)
			continue;
		n++;
		if (!local_parse_head(r.payload, r.len, &head, &err) ||
		    !local_each_page(r.payload, r.len, find_marks, &head, &err))
			sim_fail("%s cannot be read: %s", path, err.text);
	}
	sim_trace("%s: %u records of pages", path, n);
	buf_free(&bytes);
}

/* A crash may come before it is said; the journal is set aside again then. */
static bool heard_of(const char *file)
{
	for (unsigned i = 0; i < model.n_heard; i++)
		if (strstr(model.heard[i], file) != NULL)
			return true;
	return false;
}

static int is_kept_file(const struct dirent *d)
{
	return strstr(d->d_name, ".lost-") != NULL;
}

void model_read_kept(const char *folder)
{
	struct dirent **files = NULL;
	char path[600];
	int n = scandir(folder, &files, is_kept_file, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%.300s/%s", folder, files[i]->d_name);
		if (heard_of(files[i]->d_name))
			read_kept_file(path);
		free(files[i]);
	}
	free(files);
}

/* --- at the end ------------------------------------------------------------ */

void model_check_end(sqlite3 *db, struct database *d)
{
	struct reader all = { .of = d, .machine = MACHINES_MAX, .n_done = model_of(d)->n_done };
	bool *there = calloc(model.n_txs + 1, sizeof(*there));
	struct state *s = malloc(sizeof(*s));

	if (s == NULL || there == NULL)
		abort();
	if (!read_state(db, s))
		sim_fail("%s cannot be read: %s", d->name, sqlite3_errmsg(db));
	check_whole(s);
	check_order(s, &all);
	for (size_t i = 0; i < s->n; i++)
		there[s->order[i]] = true;
	for (uint32_t id = 1; id <= model.n_txs; id++) {
		const struct tx *tx = model.txs[id];

		if (tx->of != d || there[id])
			continue;
		if (tx->state == TX_DONE)
			sim_fail("transaction %u was acknowledged, and is lost", id);
		if (tx->state == TX_ON_DISK && !model.kept[id])
			sim_fail("transaction %u was on disk, and is neither in the store nor set aside", id);
	}
	free(there);
	free(s);
}

void model_tell(void)
{
	unsigned n[TX_ON_DISK + 1] = { 0 };

	for (uint32_t id = 1; id <= model.n_txs; id++)
		n[model.txs[id]->state]++;
	sim_trace("%u transactions: %u done, %u failed, %u unknown, %u unattended, %u on disk, %u open; %u set aside; %u snapshots, %u of the past, %u of branches with commits",
		  model.n_txs, n[TX_DONE], n[TX_FAILED], n[TX_UNKNOWN], n[TX_UNATTENDED], n[TX_ON_DISK], n[TX_OPEN],
		  model.n_kept, model.n_snapshots, model.n_pasts, model.n_of_branches);
}

void model_free(void)
{
	for (uint32_t id = 1; id <= model.n_txs; id++)
		free(model.txs[id]);
	for (unsigned i = 0; i < model.n_heard; i++)
		free(model.heard[i]);
	model_free_logs();
}
