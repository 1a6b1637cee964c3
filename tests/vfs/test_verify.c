/*
 * test_verify.c - every kind of damage is found and named, and nothing is called damaged that is not
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "tests/vfs/fixture.h"
#include "vfs/inspect.h"
#include "vfs/key.h"
#include "vfs/verify.h"

enum { NEWEST = 68 }; /* slot of what setup() makes */

static struct fixture f;
static struct error err;

/* A database of slots, a manifest and segments; its newest version needs all segments. */
static void setup(void)
{
	fixture_open(&f);
	error_clear(&err);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 1200) SELECT i, randomblob(3000) FROM n");
	exec(f.db, "CREATE TABLE u(a)");
	for (int i = 0; i < 64; i++)
		exec(f.db, "INSERT INTO u VALUES (randomblob(500))");
	fixture_restart(&f); /* waits for the manifest */
	sqlite3_close(f.db);
	f.db = NULL;
}

static void teardown(void)
{
	fixture_close(&f);
}

struct found {
	unsigned n;
	char key[4][KEY_MAX];
	char text[4][512];
	uint64_t pages_lost[4];
	uint64_t stop_at; /* bytes; 0: never */
};

static void note_damage(void *arg, const char *key, const char *text, uint64_t pages_lost)
{
	struct found *found = arg;

	if (found->n < 4) {
		snprintf(found->key[found->n], KEY_MAX, "%s", key != NULL ? key : "");
		snprintf(found->text[found->n], 512, "%s", text);
		found->pages_lost[found->n] = pages_lost;
	}
	found->n++;
}

static bool note_progress(void *arg, uint64_t done, uint64_t total)
{
	struct found *found = arg;

	ck_assert_uint_le(done, total);
	return found->stop_at == 0 || done < found->stop_at;
}

static enum vfs_rc verify_with(const struct vfs_verify_options *options, struct found *found,
			       struct vfs_verify_result *result)
{
	return vfs_verify(f.faults, "app", options, note_damage, note_progress, found, result, &err);
}

static struct vfs_verify_result verify(struct found *found)
{
	const struct vfs_verify_options all = { .percent = 100, .sql = true, .threads = 4 };
	struct vfs_verify_result result;

	*found = (struct found){ 0 };
	ck_assert_msg(verify_with(&all, found, &result) == VFS_OK, "%s", err.text);
	ck_assert_uint_eq(found->n, result.damaged);
	return result;
}

/* Nothing that was read before is remembered. */
static void forget(void)
{
	struct vfs_config config = f.config;

	vfs_deinit();
	ck_assert_msg(vfs_init(&config, &err), "%s", err.text);
}

static void get(const char *key, struct buf *body)
{
	*body = (struct buf)BUF_INIT((size_t)64 << 20);
	ck_assert_msg(blob_get(f.inner, key, NULL, body, NULL, &err) == BLOB_OK, "%s", err.text);
}

/* Put other bytes in its place; the buffer is freed. */
static void replace(const char *key, struct buf *body)
{
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, key, body, NULL, &err));
	buf_free(body);
}

/* Change one byte; at < 0 counts from the end. */
static void flip(const char *key, long at)
{
	struct buf body;

	get(key, &body);
	body.data[at < 0 ? (long)body.len + at : at] ^= 0x10;
	replace(key, &body);
}

/* The first key below a folder of the database. */
static void first_key(const char *folder, char key[KEY_MAX])
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	char prefix[64];
	struct blob_list list;

	snprintf(prefix, sizeof(prefix), "app/%s/", folder);
	struct blob_list_request request = { .prefix = prefix, .max = 1 };
	ck_assert_int_eq(BLOB_OK, blob_list(f.inner, &request, &arena, &list, &err));
	ck_assert_uint_eq(1, list.n_entries);
	snprintf(key, KEY_MAX, "%s", list.entries[0].key);
	arena_free(&arena);
}

START_TEST(a_sound_database_has_no_damage)
{
	struct found found;
	struct vfs_verify_result r = verify(&found);

	ck_assert_uint_eq(0, r.damaged);
	ck_assert_uint_eq(NEWEST, r.lsn);
	ck_assert_uint_ge(r.objects, NEWEST + 1 + 1);
	ck_assert_uint_eq(r.objects_in_all, r.objects);
	ck_assert_uint_gt(r.pages, 1000);
	ck_assert_uint_eq(r.pages_in_all, r.pages);
	ck_assert_uint_gt(r.bytes, 3600000);
	ck_assert(r.sql_checked);
}
END_TEST

START_TEST(each_damaged_object_is_named)
{
	/* a slot that the newest version may not need, the newest manifest, a segment, the newest slot */
	static const long places[] = { 0, 7, 60, 150, -1, -200 };
	char keys[4][KEY_MAX];
	struct found found;

	key_slot(keys[0], "app", 5);
	first_key("manifest", keys[1]);
	first_key("seg", keys[2]);
	key_slot(keys[3], "app", NEWEST);
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		for (size_t i = 0; i < ARRAY_LEN(places); i++) {
			bool named = false;

			flip(keys[k], places[i]);
			forget();
			struct vfs_verify_result r = verify(&found);
			for (unsigned n = 0; n < found.n && n < 4; n++)
				named = named || strcmp(found.key[n], keys[k]) == 0;
			ck_assert_msg(named, "%s, byte %ld: not named, %u found", keys[k], places[i],
				      found.n);
			ck_assert_uint_eq(r.objects_in_all, r.objects);
			flip(keys[k], places[i]);
		}
	}
	forget();
	ck_assert_uint_eq(0, verify(&found).damaged);
}
END_TEST

START_TEST(pages_that_are_lost_are_counted)
{
	struct found found;
	char key[KEY_MAX];

	first_key("seg", key);
	flip(key, 1000);
	forget();
	ck_assert_uint_ge(verify(&found).damaged, 1);
	ck_assert_str_eq(key, found.key[0]);
	ck_assert_str_eq("its checksum does not hold", found.text[0]);
	ck_assert_uint_eq(1, found.pages_lost[0]);
}
END_TEST

START_TEST(a_missing_object_is_told_with_its_pages)
{
	struct found found;
	char key[KEY_MAX];

	struct buf head = BUF_INIT(SEGMENT_HEAD_LEN);

	first_key("seg", key);
	struct blob_range range = { .offset = 0, .len = SEGMENT_HEAD_LEN };
	ck_assert_int_eq(BLOB_OK, blob_get(f.inner, key, &range, &head, NULL, &err));
	uint32_t n = get_u32(head.data + 40);
	buf_free(&head);
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	forget();
	ck_assert_uint_ge(verify(&found).damaged, 1);
	ck_assert_str_eq(key, found.key[0]);
	ck_assert_str_eq("it is missing", found.text[0]);
	/* some of its pages may have been written again since */
	ck_assert_uint_ge(found.pages_lost[0], 1);
	ck_assert_uint_le(found.pages_lost[0], n);
}
END_TEST

START_TEST(what_clean_up_took_is_not_missed)
{
	struct found found;
	char key[KEY_MAX];

	/* their pages have all been written again since */
	for (uint64_t lsn = 1; lsn < 3; lsn++) {
		key_slot(key, "app", lsn);
		ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	}
	forget();
	ck_assert_uint_eq(0, verify(&found).damaged);
}
END_TEST

/* An object that is sound in itself, but of another database with the same lsn. */
START_TEST(a_slot_that_does_not_follow_is_told)
{
	char own[KEY_MAX], other[KEY_MAX];
	struct found found;
	struct buf body;

	sqlite3 *db = connect_to("other", NULL);
	for (int i = 0; i < 10; i++)
		exec(db, i == 0 ? "CREATE TABLE x(a)" : "INSERT INTO x VALUES (1)");
	sqlite3_close(db);
	key_slot(own, "app", 8);
	key_slot(other, "other", 8);
	get(other, &body);
	replace(own, &body);
	forget();
	verify(&found);
	ck_assert_uint_ge(found.n, 2); /* neither it nor the one behind it fits */
	for (unsigned i = 0; i < 2; i++)
		ck_assert_str_eq("it does not follow the slot before it", found.text[i]);
	ck_assert_str_eq(own, found.key[0]);
}
END_TEST

START_TEST(each_object_is_read_once)
{
	const struct vfs_verify_options objects = { .percent = 100, .sql = false, .threads = 1 };
	struct vfs_verify_result result;
	struct found found = { 0 };

	ck_assert_int_eq(VFS_OK, vfs_compact_database(f.faults, "app", NULL, NULL, NULL, &err));
	forget();
	uint64_t before = fault_get_counts(f.faults).gets;
	ck_assert_int_eq(VFS_OK, verify_with(&objects, &found, &result));
	/* to open it: the manifest, and that there is no slot behind it */
	ck_assert_uint_eq(result.objects + 2, fault_get_counts(f.faults).gets - before);
}
END_TEST

/* Of a version of the past what it is made of is read, and nothing else. */
START_TEST(a_version_of_the_past_is_read_by_itself)
{
	const struct vfs_verify_options all = { .percent = 100, .sql = true, .threads = 4 };
	struct vfs_verify_result result, newest;
	struct found found = { 0 };
	char key[KEY_MAX];
	char past[16]; /* its manifest is there: setup() waited for it, and it may be as young as NEWEST */

	snprintf(past, sizeof(past), "app@%d", NEWEST);
	f.db = connect_to("app", NULL);
	exec(f.db, "DELETE FROM t WHERE a > 20");
	exec(f.db, "VACUUM");
	sqlite3_close(f.db);
	f.db = NULL;
	newest = verify(&found);
	ck_assert_uint_eq(0, found.n);
	ck_assert_msg(vfs_verify(f.faults, past, &all, note_damage, note_progress, &found, &result,
				 &err) == VFS_OK, "%s", err.text);
	ck_assert_uint_eq(0, found.n);
	ck_assert_uint_eq(NEWEST, result.lsn);
	ck_assert(result.sql_checked);
	ck_assert_uint_eq(result.pages, result.pages_in_all);
	ck_assert_uint_ge(result.pages, 1200);
	ck_assert_uint_lt(newest.pages, 100);
	ck_assert_uint_eq(result.objects, result.objects_in_all);
	ck_assert_uint_lt(result.objects, newest.objects);
	/* a slot that is younger is none of its business, the manifest that it is read from is */
	key_slot(key, "app", NEWEST + 1);
	flip(key, 0);
	ck_assert_int_eq(VFS_OK, vfs_verify(f.faults, past, &all, note_damage, note_progress, &found,
					    &result, &err));
	ck_assert_uint_eq(0, found.n);
	flip(key, 0);
	struct vfs_state state;
	ck_assert_int_eq(VFS_OK, vfs_inspect_state(f.faults, past, &state, &err));
	key_manifest(key, "app", state.manifest_lsn);
	flip(key, -1);
	ck_assert_int_eq(VFS_OK, vfs_verify(f.faults, past, &all, note_damage, note_progress, &found,
					    &result, &err));
	ck_assert_uint_ge(found.n, 1);
	ck_assert_str_eq(key, found.key[0]);
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_verify(f.faults, "app@99", &all, note_damage, note_progress,
						   &found, &result, &err));
	ck_assert_int_eq(VFS_INVALID, vfs_verify(f.faults, "app@9x", &all, note_damage, note_progress,
						 &found, &result, &err));
}
END_TEST

START_TEST(a_sample_reads_a_part)
{
	const struct vfs_verify_options some = { .percent = 5, .threads = 2 };
	struct vfs_verify_result r;
	struct found found = { 0 };

	ck_assert_int_eq(VFS_OK, verify_with(&some, &found, &r));
	ck_assert_uint_eq(0, r.damaged);
	ck_assert_uint_ge(r.objects, 2);
	ck_assert_uint_lt(r.objects, r.objects_in_all);
	ck_assert(!r.sql_checked);
}
END_TEST

START_TEST(it_can_be_stopped)
{
	const struct vfs_verify_options all = { .percent = 100, .sql = true, .threads = 2 };
	struct vfs_verify_result r;
	struct found found = { .stop_at = 1 };

	ck_assert_int_eq(VFS_CANCELED, verify_with(&all, &found, &r));
	ck_assert_str_eq("canceled", err.text);
}
END_TEST

START_TEST(a_database_that_is_not_there_is_told)
{
	const struct vfs_verify_options all = { .percent = 100, .threads = 1 };
	struct vfs_verify_result r;
	struct found found = { 0 };

	ck_assert_int_eq(VFS_NOT_FOUND, vfs_verify(f.faults, "none", &all, note_damage, NULL, &found,
						   &r, &err));
	ck_assert_uint_eq(0, found.n);
}
END_TEST

/* A store that fails is no damage. */
START_TEST(a_failing_store_is_an_error_and_no_damage)
{
	const struct vfs_verify_options options = { .percent = 100, .sql = true, .threads = 3 };
	bool hit = true;

	for (unsigned nth = 1; hit; nth = nth + 1 + nth / 4) {
		struct vfs_verify_result r;
		struct found found = { 0 };

		forget();
		fault_arm(f.faults, nth, _i == 0 ? FAULT_STICKY : FAULT_BUSY);
		enum vfs_rc rc = verify_with(&options, &found, &r);
		hit = fault_disarm(f.faults);
		ck_assert_msg(found.n == 0, "request %u: %s: %s", nth, found.key[0], found.text[0]);
		ck_assert_msg(hit || rc == VFS_OK, "failed without a fault: %s", err.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tc = tcase_create("verify");

	tcase_set_timeout(tc, 120);
	SRunner *runner;

	store_kinds_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sound_database_has_no_damage);
	tcase_add_test(tc, each_damaged_object_is_named);
	tcase_add_test(tc, pages_that_are_lost_are_counted);
	tcase_add_test(tc, a_missing_object_is_told_with_its_pages);
	tcase_add_test(tc, what_clean_up_took_is_not_missed);
	tcase_add_test(tc, a_slot_that_does_not_follow_is_told);
	tcase_add_test(tc, each_object_is_read_once);
	tcase_add_test(tc, a_version_of_the_past_is_read_by_itself);
	tcase_add_test(tc, a_sample_reads_a_part);
	tcase_add_test(tc, it_can_be_stopped);
	tcase_add_test(tc, a_database_that_is_not_there_is_told);
	tcase_add_loop_test(tc, a_failing_store_is_an_error_and_no_damage, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int n = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
