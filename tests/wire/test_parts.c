/*
 * test_parts.c - the parts of wire/ that need no socket: UTF-8, fields, start-up packets, SCRAM
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "wire/msg.h"
#include "wire/scram.h"
#include "wire/session.h"
#include "wire/startup.h"

static size_t valid(const char *text)
{
	return utf8_valid_len(text, strlen(text));
}

START_TEST(utf8_takes_every_kind_of_character)
{
	const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 plain text that is long \xef\xbf\xbd";

	ck_assert_uint_eq(valid(text), strlen(text));
	ck_assert_uint_eq(valid("\xf4\x8f\xbf\xbf"), 4); /* U+10FFFF */
	ck_assert_uint_eq(valid("\xed\x9f\xbf"), 3);
}
END_TEST

START_TEST(utf8_refuses_what_is_no_character)
{
	static const char *const bad[] = {
		"\xff", "\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
		"\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x98",
	};
	char text[32] = "12345678";

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_msg(valid(bad[i]) == 0, "case %zu", i);
		memcpy(text + 8, bad[i], strlen(bad[i]) + 1);
		ck_assert_msg(valid(text) == 8, "case %zu behind others", i);
	}
	for (size_t at = 0; at < 20; at++) {
		char nul[20];

		memset(nul, 'x', sizeof(nul));
		nul[at] = '\0';
		ck_assert_uint_eq(utf8_valid_len(nul, sizeof(nul)), at);
	}
}
END_TEST

START_TEST(utf8_clip_never_cuts_a_character)
{
	ck_assert_uint_eq(utf8_clip("ab\xe2\x82\xac", 5, 4), 2);
	ck_assert_uint_eq(utf8_clip("ab\xe2\x82\xac", 5, 5), 5);
	ck_assert_uint_eq(utf8_clip("abc", 3, 63), 3);
}
END_TEST

START_TEST(msg_reads_what_is_there_and_no_more)
{
	struct msg m = msg_of("a\0\0\1\0\0\0\2xyz", 11);

	ck_assert_str_eq(msg_get_str(&m), "a");
	ck_assert_uint_eq(msg_get_u16(&m), 1);
	ck_assert_uint_eq(msg_get_u32(&m), 2);
	ck_assert(memcmp(msg_get_bytes(&m, 2), "xy", 2) == 0);
	ck_assert(!msg_done(&m));
	ck_assert_int_eq(m.fault, MSG_LONG);
}
END_TEST

START_TEST(msg_fails_for_good)
{
	struct msg m = msg_of("\0\5ab", 4);

	ck_assert_uint_eq(msg_get_u16(&m), 5);
	msg_get_bytes(&m, 5);
	ck_assert_uint_eq(msg_get_u8(&m), 0);
	ck_assert_str_eq(msg_get_str(&m), "");
	ck_assert(!msg_done(&m));
	ck_assert_int_eq(m.fault, MSG_SHORT);
}
END_TEST

START_TEST(a_count_is_not_believed_beyond_what_is_left)
{
	struct msg m = msg_of("\xff\xff", 2);

	ck_assert_uint_eq(msg_get_count(&m, 4), 0);
	ck_assert(!msg_done(&m));
}
END_TEST

START_TEST(a_string_needs_its_end_and_must_be_text)
{
	struct msg m = msg_of("abc", 3);
	char text[128];

	msg_get_str(&m);
	ck_assert_str_eq(msg_describe_fault(&m, text, sizeof(text)), "08P01");
	m = msg_of("ab\xff", 4);
	msg_get_str(&m);
	ck_assert_str_eq(msg_describe_fault(&m, text, sizeof(text)), "22021");
	ck_assert_str_eq(text, "invalid byte sequence for encoding \"UTF8\": 0xff");
	m = msg_of("\xe2(\xa1z", 5);
	msg_get_str(&m);
	msg_describe_fault(&m, text, sizeof(text));
	ck_assert_str_eq(text, "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1");
}
END_TEST

START_TEST(a_frame_is_refused_before_its_body_is_read)
{
	struct frame f;

	ck_assert_int_eq(session_frame("Q", 1, 1000, &f), FRAME_MORE);
	ck_assert_int_eq(session_frame("?", 1, 1000, &f), FRAME_TYPE);
	ck_assert_int_eq(session_frame("Q\0\0\0\3", 5, 1000, &f), FRAME_LENGTH);
	ck_assert_int_eq(session_frame("Q\0\0\3\xe9", 5, 1000, &f), FRAME_LARGE);
	ck_assert_int_eq(session_frame("Q\xff\xff\xff\xff", 5, 1000, &f), FRAME_LARGE);
	ck_assert_int_eq(session_frame("S\0\0\x27\x11", 5, 1 << 20, &f), FRAME_LENGTH);
	ck_assert_int_eq(session_frame("Q\0\0\0\6a", 6, 1000, &f), FRAME_MORE);
	ck_assert_uint_eq(f.want, 1);
	ck_assert_int_eq(session_frame("Q\0\0\0\6a\0", 7, 1000, &f), FRAME_READY);
	ck_assert_uint_eq(f.len, 2);
}
END_TEST

/* parse a literal: its NUL is the last byte */
#define PARSE(arena, text, s) startup_parse((text), sizeof(text) - 1, (arena), (s))
#define V3 "\0\3\0\0"

START_TEST(a_startup_packet_gives_names_and_settings_in_order)
{
	struct arena a = ARENA_INIT(1 << 20);
	struct startup s;

	PARSE(&a, V3 "user\0u\0application_name\0app\0options\0-c a=1 --b-c=x\\ y -cd=\0"
		     "database\0d\0\0", &s);
	ck_assert_int_eq(s.kind, STARTUP_SESSION);
	ck_assert_str_eq(s.user, "u");
	ck_assert_str_eq(s.database, "d");
	ck_assert_uint_eq(s.n_settings, 4);
	ck_assert_str_eq(s.settings[0].name, "a");
	ck_assert_str_eq(s.settings[0].value, "1");
	ck_assert_str_eq(s.settings[1].name, "b_c");
	ck_assert_str_eq(s.settings[1].value, "x y");
	ck_assert_str_eq(s.settings[2].name, "d");
	ck_assert_str_eq(s.settings[2].value, "");
	ck_assert_str_eq(s.settings[3].name, "application_name");
	arena_free(&a);
}
END_TEST

START_TEST(the_database_is_the_users_name_if_not_given)
{
	struct arena a = ARENA_INIT(1 << 20);
	struct startup s;

	PARSE(&a, V3 "user\0somebody\0\0", &s);
	ck_assert_str_eq(s.database, "somebody");
	arena_free(&a);
}
END_TEST

static const struct {
	const char *packet;
	size_t len;
	const char *sqlstate;
} bad_packets[] = {
#define BAD(text, state) { (text), sizeof(text) - 1, (state) }
	BAD("", "08P01"),
	BAD("\0\3", "08P01"),
	BAD(V3, "08P01"),
	BAD(V3 "\0", "28000"),
	BAD(V3 "user\0\0\0", "28000"),
	BAD(V3 "user\0u\0", "08P01"),
	BAD(V3 "user\0u", "08P01"),
	BAD(V3 "user\0u\0\0x", "08P01"),
	BAD(V3 "user\0\xff\0\0", "22021"),
	BAD(V3 "user\0u\0replication\0true\0\0", "0A000"),
	BAD(V3 "user\0u\0replication\0database\0\0", "0A000"),
	BAD(V3 "user\0u\0options\0-x\0\0", "42601"),
	BAD(V3 "user\0u\0options\0-c\0\0", "42601"),
	BAD(V3 "user\0u\0options\0-c =1\0\0", "42601"),
	BAD("\0\2\0\0user\0u\0\0", "0A000"),
	BAD("\0\4\0\0user\0u\0\0", "0A000"),
	BAD("\x04\xd2\x16\x2fx", "08P01"),            /* SSLRequest with something behind it */
	BAD("\x04\xd2\x16\x2e\0\0\0\1abc", "08P01"),  /* a cancel key of 3 bytes */
};

START_TEST(a_bad_startup_packet_is_refused)
{
	struct arena a = ARENA_INIT(1 << 20);
	struct startup s;

	startup_parse(bad_packets[_i].packet, bad_packets[_i].len, &a, &s);
	ck_assert_int_eq(s.kind, STARTUP_BAD);
	ck_assert_str_eq(s.error.sqlstate, bad_packets[_i].sqlstate);
	ck_assert_str_eq(s.error.severity, "FATAL");
	arena_free(&a);
}
END_TEST

START_TEST(a_startup_packet_full_of_settings_is_refused_not_cut)
{
	struct arena a = ARENA_INIT(1 << 20);
	struct buf b = BUF_INIT(STARTUP_MAX);
	struct startup s;

	buf_put(&b, V3 "user\0u\0", 11);
	for (int i = 0; i < 2000; i++)
		buf_put(&b, "a\0b", 4);
	buf_put_byte(&b, '\0');
	startup_parse(b.data, b.len, &a, &s);
	ck_assert_int_eq(s.kind, STARTUP_BAD);
	ck_assert_str_eq(s.error.sqlstate, "54000");
	buf_free(&b);
	arena_free(&a);
}
END_TEST

/* The client's side of SCRAM, with the password or a wrong one. */
static enum scram_rc converse(struct scram *s, const char *password, const char *gs2,
			      const char *binding, struct buf *last)
{
	struct buf reply = BUF_INIT(4096);
	struct buf text = BUF_INIT(4096);
	struct buf salt = BUF_INIT(64);
	unsigned char salted[32], client_key[32], stored_key[32], signature[32], proof[32];
	char nonce[128], salt64[64];
	unsigned iterations, n = 32;
	enum scram_rc rc;

	buf_printf(&text, "%sn=,r=clientnonce", gs2);
	rc = scram_step(s, text.data, text.len, &reply);
	if (rc != SCRAM_CONTINUE)
		goto out;
	ck_assert_int_eq(3, sscanf(buf_str(&reply), "r=%127[^,],s=%63[^,],i=%u", nonce, salt64,
				   &iterations));
	ck_assert(strncmp(nonce, "clientnonce", 11) == 0 && strlen(nonce) > 11 + 20);
	ck_assert_uint_eq(iterations, 4096);
	ck_assert(base64_decode(salt64, strlen(salt64), &salt));
	PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (unsigned char *)salt.data,
			  (int)salt.len, (int)iterations, EVP_sha256(), 32, salted);
	HMAC(EVP_sha256(), salted, 32, (const unsigned char *)"Client Key", 10, client_key, &n);
	SHA256(client_key, 32, stored_key);
	buf_reset(&text);
	buf_printf(&text, "n=,r=clientnonce,%s,c=%s,r=%s", buf_str(&reply), binding, nonce);
	HMAC(EVP_sha256(), stored_key, 32, (unsigned char *)text.data, text.len, signature, &n);
	for (int i = 0; i < 32; i++)
		proof[i] = client_key[i] ^ signature[i];
	buf_reset(&text);
	buf_printf(&text, "c=%s,r=%s,p=", binding, nonce);
	base64_encode(proof, 32, &text);
	rc = scram_step(s, text.data, text.len, last);
out:
	buf_free(&reply);
	buf_free(&text);
	buf_free(&salt);
	return rc;
}

static enum scram_rc attempt(const char *set, const char *given, const char *gs2, const char *binding)
{
	uint8_t salt[SCRAM_SALT_LEN] = "0123456789abcde";
	struct scram_verifier v;
	struct scram s;
	struct buf last = BUF_INIT(4096);

	ck_assert(scram_verifier_make(set, salt, SCRAM_ITERATIONS, &v));
	scram_init(&s, &v);
	enum scram_rc rc = converse(&s, given, gs2, binding, &last);
	ck_assert(rc != SCRAM_OK || strncmp(buf_str(&last), "v=", 2) == 0);
	scram_deinit(&s);
	buf_free(&last);
	return rc;
}

START_TEST(scram_accepts_the_password_and_no_other)
{
	ck_assert_int_eq(attempt("secret", "secret", "n,,", "biws"), SCRAM_OK);
	ck_assert_int_eq(attempt("secret", "secret", "y,,", "eSws"), SCRAM_OK);
	ck_assert_int_eq(attempt("secret", "Secret", "n,,", "biws"), SCRAM_DENIED);
	ck_assert_int_eq(attempt("secret", "", "n,,", "biws"), SCRAM_DENIED);
}
END_TEST

START_TEST(scram_prepares_the_password_as_rfc_4013_says)
{
	/* a soft hyphen goes, a no-break space becomes a space, the ordinal becomes a letter */
	ck_assert_int_eq(attempt("I\xc2\xadX", "IX", "n,,", "biws"), SCRAM_OK);
	ck_assert_int_eq(attempt("a\xc2\xa0z", "a z", "n,,", "biws"), SCRAM_OK);
	ck_assert_int_eq(attempt("\xc2\xaa", "a", "n,,", "biws"), SCRAM_OK);
	/* what is no text counts as it is */
	ck_assert_int_eq(attempt("\xff\xfe", "\xff\xfe", "n,,", "biws"), SCRAM_OK);
}
END_TEST

START_TEST(scram_refuses_channel_binding_and_its_downgrade)
{
	ck_assert_int_eq(attempt("secret", "secret", "p=tls-server-end-point,,", "biws"), SCRAM_BAD);
	ck_assert_int_eq(attempt("secret", "secret", "y,,", "biws"), SCRAM_BAD);
	ck_assert_int_eq(attempt("secret", "secret", "n,,", "eSws"), SCRAM_BAD);
	ck_assert_int_eq(attempt("secret", "secret", "n,a=other,", "biws"), SCRAM_BAD);
}
END_TEST

START_TEST(scram_refuses_malformed_messages)
{
	static const char *const first[] = { "", "n", "n,", "n,,", "n,,n=", "n,,n=u", "n,,n=u,r=",
					     "n,,r=x", "n,,m=1,n=u,r=x", "z,,n=u,r=x", "n,,n=u,r=a\x01" };
	struct scram_verifier v = { .iterations = 4096 };
	struct buf reply = BUF_INIT(4096);
	struct scram s;
	char *nonce = malloc(70000);

	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		scram_init(&s, &v);
		ck_assert_msg(scram_step(&s, first[i], strlen(first[i]), &reply) == SCRAM_BAD,
			      "case %zu", i);
		ck_assert_ptr_nonnull(s.why);
		scram_deinit(&s);
	}
	memset(nonce, 'x', 70000);
	memcpy(nonce, "n,,n=,r=", 8);
	scram_init(&s, &v);
	ck_assert_int_eq(scram_step(&s, nonce, 70000, &reply), SCRAM_BAD);
	scram_deinit(&s);
	free(nonce);
	buf_free(&reply);
}
END_TEST

START_TEST(scram_of_an_unknown_user_shows_the_same_salt_each_time)
{
	uint8_t secret[SCRAM_KEY_LEN] = { 1, 2, 3 };
	struct scram_verifier a, b, other;

	ck_assert(scram_verifier_mock("nobody", secret, &a));
	ck_assert(scram_verifier_mock("nobody", secret, &b));
	ck_assert(scram_verifier_mock("anybody", secret, &other));
	ck_assert(memcmp(a.salt, b.salt, SCRAM_SALT_LEN) == 0);
	ck_assert(memcmp(a.salt, other.salt, SCRAM_SALT_LEN) != 0);
	ck_assert_uint_eq(a.iterations, SCRAM_ITERATIONS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire parts");
	TCase *tc = tcase_create("parts");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, utf8_takes_every_kind_of_character);
	tcase_add_test(tc, utf8_refuses_what_is_no_character);
	tcase_add_test(tc, utf8_clip_never_cuts_a_character);
	tcase_add_test(tc, msg_reads_what_is_there_and_no_more);
	tcase_add_test(tc, msg_fails_for_good);
	tcase_add_test(tc, a_count_is_not_believed_beyond_what_is_left);
	tcase_add_test(tc, a_string_needs_its_end_and_must_be_text);
	tcase_add_test(tc, a_frame_is_refused_before_its_body_is_read);
	tcase_add_test(tc, a_startup_packet_gives_names_and_settings_in_order);
	tcase_add_test(tc, the_database_is_the_users_name_if_not_given);
	tcase_add_loop_test(tc, a_bad_startup_packet_is_refused, 0, ARRAY_LEN(bad_packets));
	tcase_add_test(tc, a_startup_packet_full_of_settings_is_refused_not_cut);
	tcase_add_test(tc, scram_accepts_the_password_and_no_other);
	tcase_add_test(tc, scram_prepares_the_password_as_rfc_4013_says);
	tcase_add_test(tc, scram_refuses_channel_binding_and_its_downgrade);
	tcase_add_test(tc, scram_refuses_malformed_messages);
	tcase_add_test(tc, scram_of_an_unknown_user_shows_the_same_salt_each_time);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
