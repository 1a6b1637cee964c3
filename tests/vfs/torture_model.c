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
	uint64_t n_done;
	uint32_t order[TX_MAX];     /* the rows of `done` that anybody has seen as durable */
	size_t n_order;
	size_t rows_at_lsn[LSN_MAX];
	uint64_t at_lsn[LSN_MAX];   /* what was read at an lsn: all must read the same; 0: nobody did */
	size_t seen[MACHINES_MAX + 1][LIVES_MAX];
	unsigned n_snapshots, n_pasts;
	bool kept[TX_MAX + 1];      /* in a journal that was set aside */
	unsigned n_kept;
	char *heard[HEARD_MAX];     /* what was said of journals that were set aside */
	unsigned n_heard;
} model;

struct tx *model_begin(unsigned machine, unsigned life)
{
	struct tx *tx = calloc(1, sizeof(*tx));

	if (tx == NULL || model.n_txs == TX_MAX)
		sim_fail("too many transactions");
	tx->id = ++model.n_txs;
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
	if (state == TX_DONE)
		tx->done_seq = ++model.n_done;
	sim_trace("transaction %u is told as %s", tx->id, names[state]);
}

struct reader model_reader(unsigned machine, unsigned life)
{
	if (life >= LIVES_MAX)
		sim_fail("too many lives");
	return (struct reader){
		.machine = machine,
		.life = life,
		.n_done = model.n_done,
		.n_seen = model.seen[machine][life],
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

bool model_check_whole(sqlite3 *db)
{
	struct state *s = malloc(sizeof(*s));
	bool ok = s != NULL && read_state(db, s);

	if (ok)
		check_whole(s);
	free(s);
	return ok;
}

/* Durable states follow each other: all that anybody sees is a prefix of one order. */
static void check_order(const struct state *s, const struct reader *r)
{
	uint64_t n_told = 0;
	size_t own = 0, own_told = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct tx *tx = model.txs[s->order[i]];

		if (i < model.n_order && model.order[i] != tx->id)
			sim_fail("row %zu is transaction %u, and was read as %u before", i, tx->id,
				 model.order[i]);
		model.order[i] = tx->id;
		if (tx->done_seq != 0 && tx->done_seq <= r->n_done) {
			n_told++;
			own += tx->machine == r->machine && tx->life == r->life;
		}
	}
	if (s->n > model.n_order)
		model.n_order = s->n;
	for (uint32_t id = 1; id <= model.n_txs; id++) {
		const struct tx *tx = model.txs[id];

		own_told += tx->machine == r->machine && tx->life == r->life && tx->done_seq != 0 &&
			    tx->done_seq <= r->n_done;
	}
	if (own != own_told)
		sim_fail("%zu of the %zu commits that this machine has acknowledged are missing",
			 own_told - own, own_told);
	if (plan.cache_ttl_ms == 0 && n_told != r->n_done)
		sim_fail("%" PRIu64 " of the %" PRIu64 " commits that were acknowledged before are missing",
			 r->n_done - n_told, r->n_done);
	if (s->n < r->n_seen)
		sim_fail("%zu transactions are there; this machine has seen %zu before", s->n, r->n_seen);
	if (model.seen[r->machine][r->life] < s->n)
		model.seen[r->machine][r->life] = s->n;
}

/* Invariants 2 and 4: what a reader sees lies in a slot, and one slot is one state. */
static bool check_lsn(sqlite3 *db, const struct state *s)
{
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
	key_slot(key + 2, "app", (uint64_t)lsn);
	if (sim_store_find(key) == NULL)
		sim_fail("a reader sees slot %" PRId64 ", which is not there", lsn);
	if (lsn >= LSN_MAX)
		sim_fail("too many slots");
	if (model.at_lsn[lsn] != 0 && model.at_lsn[lsn] != digest)
		sim_fail("slot %" PRId64 " is another state than it was when it was read before", lsn);
	model.at_lsn[lsn] = digest;
	model.rows_at_lsn[lsn] = s->n;
	sim_trace("read slot %" PRId64 ": %zu transactions", lsn, s->n);
	return true;
}

bool model_check_snapshot(sqlite3 *db, struct reader *r)
{
	struct state *s = malloc(sizeof(*s));
	bool ok = s != NULL && read_state(db, s) && check_lsn(db, s);

	if (ok) {
		check_whole(s);
		check_order(s, r);
		model.n_snapshots++;
	}
	free(s);
	return ok;
}

bool model_check_branch(sqlite3 *db, uint64_t lsn, size_t *n)
{
	struct reader nobody = { .machine = MACHINES_MAX };
	struct state *s = malloc(sizeof(*s));
	bool ok = s != NULL && read_state(db, s);

	if (ok) {
		check_whole(s);
		check_order(s, &nobody);
		if (lsn != 0 && s->n != model.rows_at_lsn[lsn])
			sim_fail("a branch of slot %" PRIu64 " holds %zu transactions instead of %zu", lsn,
				 s->n, model.rows_at_lsn[lsn]);
		*n = s->n;
	}
	free(s);
	return ok;
}

/* The first object that lay under a key is the one that counts: a later one came too late. */
static const struct sim_object *first_of(const struct sim_object *o)
{
	while (o != NULL && o->before != NULL)
		o = o->before;
	return o;
}

static const struct sim_object *slot_object(uint64_t lsn)
{
	char key[KEY_MAX + 2] = "p/";

	key_slot(key + 2, "app", lsn);
	return first_of(sim_store_find(key));
}

uint64_t model_random_lsn(void)
{
	uint64_t out = 0;
	unsigned n = 0;

	for (uint64_t lsn = 1; lsn < LSN_MAX; lsn++)
		if (model.at_lsn[lsn] != 0 && sim_random(++n) == 0)
			out = lsn;
	return out;
}

bool model_is_kept(uint64_t lsn)
{
	const struct sim_object *next = slot_object(lsn + 1);

	return next == NULL || sim_now_us() - next->created_us < plan.retention_ms * 1000;
}

bool model_check_past(sqlite3 *db, uint64_t lsn)
{
	struct reader nobody = { .machine = MACHINES_MAX };
	int64_t is;

	if (!model_check_snapshot(db, &nobody) || !read_int(db, "PRAGMA pgblob_lsn", &is))
		return false;
	if ((uint64_t)is != lsn)
		sim_fail("slot %" PRIu64 " was asked for, and %" PRId64 " is shown", lsn, is);
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

void model_check_end(sqlite3 *db)
{
	struct reader all = { .machine = MACHINES_MAX, .n_done = model.n_done };
	bool *there = calloc(model.n_txs + 1, sizeof(*there));
	struct state *s = malloc(sizeof(*s));

	if (s == NULL || there == NULL)
		abort();
	if (!read_state(db, s))
		sim_fail("the database cannot be read: %s", sqlite3_errmsg(db));
	check_whole(s);
	check_order(s, &all);
	for (size_t i = 0; i < s->n; i++)
		there[s->order[i]] = true;
	for (uint32_t id = 1; id <= model.n_txs; id++)
		if (model.txs[id]->state == TX_DONE && !there[id])
			sim_fail("transaction %u was acknowledged, and is lost", id);
	for (uint32_t id = 1; id <= model.n_txs; id++)
		if (model.txs[id]->state == TX_ON_DISK && !there[id] && !model.kept[id])
			sim_fail("transaction %u was on disk, and is neither in the store nor set aside", id);
	free(there);
	free(s);
}

void model_check_log(void)
{
	struct commit_head before = { .lsn = 0 }, head;
	struct error err = ERROR_INIT;
	const struct sim_object *o;
	uint64_t n_slots = 0, n_manifests = 0;

	while ((o = slot_object(before.lsn + 1)) != NULL) {
		if (!commit_parse((const uint8_t *)o->body.data, o->body.len, o->key, &head, &err))
			sim_fail("%s", err.text);
		if (head.lsn != before.lsn + 1 || memcmp(head.previous, before.hash, HASH_LEN) != 0)
			sim_fail("slot %" PRIu64 " does not follow the one before it", head.lsn);
		if (head.time_us < before.time_us ||
		    (before.lsn != 0 && memcmp(head.db_id, before.db_id, ID_LEN) != 0))
			sim_fail("slot %" PRIu64 " is older than the one before it, or another database",
				 head.lsn);
		before = head;
	}
	for (size_t i = 0; (o = sim_store_at(i)) != NULL; i++) {
		struct manifest_head manifest;
		const struct sim_object *slot;
		uint64_t lsn;

		if (strncmp(o->key, "p/app/", 6) != 0)
			continue; /* of a branch */
		if (strstr(o->key, "/log/") != NULL && key_slot_lsn(o->key, &lsn)) {
			n_slots++;
		} else if (strstr(o->key, "/manifest/") != NULL && key_manifest_lsn(o->key, &lsn)) {
			n_manifests++;
			slot = slot_object(lsn);
			if (slot == NULL ||
			    !manifest_parse((const uint8_t *)o->body.data, o->body.len, o->key, &manifest, &err) ||
			    !commit_parse((const uint8_t *)slot->body.data, slot->body.len, slot->key, &head, &err) ||
			    manifest.lsn != lsn || memcmp(manifest.hash, head.hash, HASH_LEN) != 0)
				sim_fail("manifest %" PRIu64 " is not of its slot: %s", lsn, err.text);
		}
	}
	if (n_slots != before.lsn)
		sim_fail("the log has a gap behind slot %" PRIu64, before.lsn);
	sim_trace("%" PRIu64 " slots, %" PRIu64 " manifests", n_slots, n_manifests);
}

void model_tell(void)
{
	unsigned n[TX_ON_DISK + 1] = { 0 };

	for (uint32_t id = 1; id <= model.n_txs; id++)
		n[model.txs[id]->state]++;
	sim_trace("%u transactions: %u done, %u failed, %u unknown, %u unattended, %u on disk, %u open; %u set aside; %u snapshots, %u of the past",
		  model.n_txs, n[TX_DONE], n[TX_FAILED], n[TX_UNKNOWN], n[TX_UNATTENDED], n[TX_ON_DISK], n[TX_OPEN],
		  model.n_kept, model.n_snapshots, model.n_pasts);
}

void model_free(void)
{
	for (uint32_t id = 1; id <= model.n_txs; id++)
		free(model.txs[id]);
	for (unsigned i = 0; i < model.n_heard; i++)
		free(model.heard[i]);
}
