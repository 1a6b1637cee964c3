/*
 * test_wire.c - a server with the fake executor, and a client that knows no manners
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <dirent.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "tests/wire/client.h"
#include "tests/wire/fake.h"
#include "wire/wire.h"

enum { V3_0 = 3 << 16, V3_2 = 3 << 16 | 2 };

#ifndef __has_feature
#define __has_feature(x) 0 /* gcc has the macros instead */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_COUNTS false
#else
#define MEMORY_COUNTS true
#endif

static struct wire_server *server;
static uint16_t port;
static struct wire_config config;

static void start(void)
{
	struct error err = ERROR_INIT;

	fake_reset();
	ck_assert_msg(wire_open(&config, &fake_ops, NULL, &server, &err), "%s", err.text);
	ck_assert_msg(wire_start(server, &err), "%s", err.text);
	port = wire_port(server);
}

static void setup(void)
{
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	config = (struct wire_config){ .host = "127.0.0.1", .user = "app", .password = "secret",
				       .auth = WIRE_AUTH_TRUST, .max_connections = 50 };
}

static void setup_and_start(void)
{
	setup();
	start();
}

/* Whatever a test did, the server stops, and every session was ended. */
static void teardown(void)
{
	wire_stop(server, mono_ms() + 30000);
	ck_assert_int_eq(fake_counts.connects, fake_counts.disconnects);
	wire_close(server);
}

static void wait_until(bool (*done)(void))
{
	for (int i = 0; i < 120000 && !done(); i++)
		usleep(1000);
	ck_assert(done());
}

static bool all_disconnected(void)
{
	return fake_counts.connects == fake_counts.disconnects;
}

static bool one_disconnected(void)
{
	return fake_counts.disconnects == 1;
}

/* That many statements wait now, inside the executor. */
static void wait_for_waiting(int n)
{
	for (int i = 0; i < 120000 && fake_counts.waiting != n; i++)
		usleep(1000);
	ck_assert_int_eq(fake_counts.waiting, n);
}

static int n_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = -2;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

#define SAYS(client, text, expected)                                        \
	do {                                                                \
		const char *answer_ = client_query((client), (text));       \
		ck_assert_str_eq(answer_, (expected));                      \
	} while (0)

#define ANSWERS(client, expected)                                           \
	do {                                                                \
		client_send(client);                                        \
		const char *answer_ = client_conversation((client), true);  \
		ck_assert_str_eq(answer_, (expected));                      \
	} while (0)

START_TEST(a_query_is_answered)
{
	struct client c;

	client_login(&c, port);
	SAYS(&c, "echo hello", "TD(hello)C(SELECT 1)Z(I)");
	SAYS(&c, "", "IZ(I)");
	SAYS(&c, "rows 2 1;echo x", "TD(0)D(1)C(SELECT 2)TD(x)C(SELECT 1)Z(I)");
	SAYS(&c, "set a b", "S(a=b)C(SET)Z(I)");
	SAYS(&c, "notice", "N(00000)C(NOTICE)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(the_status_byte_follows_the_transaction)
{
	struct client c;

	client_login(&c, port);
	SAYS(&c, "begin", "C(BEGIN)Z(T)");
	SAYS(&c, "fail", "E(42601)Z(E)");
	SAYS(&c, "echo x", "TE(25P02)Z(E)");
	SAYS(&c, "commit", "C(ROLLBACK)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(an_error_in_a_query_ends_it_with_one_ready)
{
	struct client c;

	client_login(&c, port);
	SAYS(&c, "echo a;fail;echo b", "TD(a)C(SELECT 1)E(42601)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(an_extended_query_is_answered_message_by_message)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "s", "echo $1 $2");
	put_describe(&c, 'S', "s");
	put_bind(&c, "p", "s", 2, "one", NULL);
	put_describe(&c, 'P', "p");
	put_execute(&c, "p", 0);
	put_close(&c, 'P', "p");
	put_close(&c, 'S', "s");
	put_bare(&c, 'S');
	ANSWERS(&c, "1tT2TD(one|null)C(SELECT 1)33Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(describe_of_a_statement_without_rows_says_no_data)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "begin");
	put_describe(&c, 'S', "");
	put_bare(&c, 'S');
	ANSWERS(&c, "1tnZ(I)");
	client_close(&c);
}
END_TEST

START_TEST(execute_never_describes)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "rows 1 1");
	put_bind(&c, "", "", 0);
	put_execute(&c, "", 0);
	put_bare(&c, 'S');
	ANSWERS(&c, "12D(0)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(a_portal_suspends_and_goes_on)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "rows 5 1");
	put_bind(&c, "", "", 0);
	put_execute(&c, "", 2);
	put_execute(&c, "", 2);
	put_execute(&c, "", 2);
	put_bare(&c, 'S');
	ANSWERS(&c, "12D(0)D(1)sD(2)D(3)sD(4)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(after_an_error_everything_up_to_sync_is_ignored)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "badparse");
	put_bind(&c, "", "", 0);
	put_execute(&c, "", 0);
	put_bare(&c, 'H');
	put_query(&c, "echo ignored");
	put_begin(&c, 'F');
	put_end(&c);
	put_bare(&c, 'S');
	put_parse(&c, "", "echo x");
	put_bind(&c, "", "", 0);
	put_execute(&c, "", 0);
	put_bare(&c, 'S');
	ANSWERS(&c, "E(42601)Z(I)");
	ANSWERS(&c, "12D(x)C(SELECT 1)Z(I)");
	ck_assert_int_eq(fake_counts.statements, 1);
	client_close(&c);
}
END_TEST

START_TEST(each_sync_gets_one_ready)
{
	struct client c;

	client_login(&c, port);
	for (int i = 0; i < 3; i++)
		put_bare(&c, 'S');
	put_execute(&c, "nosuch", 0);
	put_bare(&c, 'S');
	ANSWERS(&c, "Z(I)");
	ANSWERS(&c, "Z(I)");
	ANSWERS(&c, "Z(I)");
	ANSWERS(&c, "E(34000)Z(I)");
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	ck_assert_int_eq(fake_counts.syncs, 4);
	client_close(&c);
}
END_TEST

START_TEST(an_error_is_sent_before_sync_comes)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "badparse");
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, 'E');
	ck_assert_str_eq(client_field(&c, 'M'), "syntax error");
	ck_assert_str_eq(client_field(&c, 'P'), "3");
	ck_assert_str_eq(client_field(&c, 'V'), "ERROR");
	put_bare(&c, 'S');
	ANSWERS(&c, "Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(flush_sends_what_is_there)
{
	struct client c;

	client_login(&c, port);
	put_parse(&c, "", "echo x");
	put_bare(&c, 'H');
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, '1');
	client_close(&c);
}
END_TEST

START_TEST(messages_may_come_byte_by_byte)
{
	struct client c;
	struct client d;

	client_open(&c, port);
	put_startup(&c, V3_0, "app", "db");
	put_query(&c, "echo slow");
	/* some bytes within the time a worker lingers, some long after */
	for (size_t i = 0; i < c.out.len; i++) {
		ck_assert_int_eq(1, send(c.fd, c.out.data + i, 1, 0));
		usleep(i % 8 == 0 ? 12000 : 100);
	}
	buf_reset(&c.out);
	ck_assert_str_eq(client_conversation(&c, false), "RSSSKZ");
	ck_assert_str_eq(client_conversation(&c, true), "TD(slow)C(SELECT 1)Z(I)");
	client_login(&d, port);
	client_close(&d);
	client_close(&c);
}
END_TEST

START_TEST(a_pipeline_of_thousands_is_answered_in_order)
{
	struct client c;
	char text[32];

	client_login(&c, port);
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "echo %d", i);
		put_query(&c, text);
	}
	client_send(&c);
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "TD(%d)C(SELECT 1)Z(I)", i);
		ck_assert_str_eq(client_conversation(&c, true), text);
	}
	client_close(&c);
}
END_TEST

START_TEST(a_value_of_ten_million_bytes_goes_there_and_back)
{
	const size_t len = 10 * 1000 * 1000;
	char *value = malloc(len + 1);
	struct client c;

	memset(value, 'v', len);
	value[len] = '\0';
	client_login(&c, port);
	put_parse(&c, "", "echo $1");
	put_bind(&c, "", "", 1, value);
	put_execute(&c, "", 0);
	put_bare(&c, 'S');
	client_send(&c);
	const char *said = client_conversation(&c, true);
	ck_assert_uint_eq(strlen(said), strlen("12D()C(SELECT 1)Z(I)") + len);
	ck_assert(memcmp(said + 4, value, len) == 0);
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	free(value);
	client_close(&c);
}
END_TEST

START_TEST(a_result_streams_while_the_client_reads)
{
	struct client c;
	size_t rows = 0;

	client_login(&c, port);
	put_query(&c, "rows 100000 1000");
	client_send(&c);
	while (client_read(&c) && c.type != 'Z')
		rows += c.type == 'D';
	ck_assert_uint_eq(rows, 100000);
	client_close(&c);
}
END_TEST

START_TEST(a_client_that_goes_away_ends_its_statement)
{
	struct client c;

	client_login(&c, port);
	put_query(&c, "rows 100000000 1000");
	client_send(&c);
	ck_assert(client_read(&c));
	client_close(&c);
	wait_until(all_disconnected);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused_and_the_session_goes_on)
{
	struct client c;

	client_login(&c, port);
	SAYS(&c, "echo \xff", "E(22021)Z(I)");
	SAYS(&c, "begin", "C(BEGIN)Z(T)");
	put_parse(&c, "", "echo \xc3(");
	put_bare(&c, 'S');
	ANSWERS(&c, "E(22021)Z(E)");
	SAYS(&c, "commit", "C(ROLLBACK)Z(I)");
	put_parse(&c, "", "echo $1");
	put_bind(&c, "", "", 1, "\xed\xa0\x80");
	put_bare(&c, 'S');
	ANSWERS(&c, "1E(22021)Z(I)");
	ck_assert_int_eq(fake_counts.fails, 3);
	client_close(&c);
}
END_TEST

/* A message of `type` with this body, then Sync. */
static void garbage(struct client *c, char type, const char *body, size_t len)
{
	put_begin(c, type);
	buf_put(&c->out, body, len);
	put_end(c);
	put_bare(c, 'S');
}

static const struct {
	char type;
	const char *body;
	size_t len;
	const char *answer;
} bad_bodies[] = {
#define BODY(type, text, answer) { (type), (text), sizeof(text) - 1, (answer) }
	BODY('P', "", "E(08P01)Z(I)"),
	BODY('P', "a\0b\0", "E(08P01)Z(I)"),
	BODY('P', "a\0b\0\0\2\0\0\0\1", "E(08P01)Z(I)"),
	BODY('P', "a\0b\0\xff\xff", "E(08P01)Z(I)"),
	BODY('P', "a\0b\0\0\0x", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\1\0\0\0\0\0", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\0\0\1\0\0\0\5ab", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\0\0\1\x80\0\0\0", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\0\xff\xff", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0", "E(08P01)Z(I)"),
	BODY('B', "\0\0\0\1\0\7\0\0\0\0", "E(22023)Z(I)"),
	BODY('B', "\0\0\0\0\0\0\0\1\0\2", "E(22023)Z(I)"),
	BODY('B', "nosuch", "E(08P01)Z(I)"),
	BODY('D', "", "E(08P01)Z(I)"),
	BODY('D', "X\0", "E(08P01)Z(I)"),
	BODY('D', "Sname", "E(08P01)Z(I)"),
	BODY('C', "Q\0", "E(08P01)Z(I)"),
	BODY('E', "\0", "E(08P01)Z(I)"),
	BODY('E', "\0\0\0\0\0\0", "E(08P01)Z(I)"),
	BODY('H', "x", "E(08P01)Z(I)"),
	BODY('Q', "no end", "E(08P01)Z(I)"),
	BODY('Q', "a\0b\0", "E(08P01)Z(I)"),
	BODY('F', "\0\0\0\1", "E(0A000)Z(I)"),
};

START_TEST(garbage_in_a_message_is_an_error_not_the_end)
{
	struct client c;

	client_login(&c, port);
	garbage(&c, bad_bodies[_i].type, bad_bodies[_i].body, bad_bodies[_i].len);
	ANSWERS(&c, bad_bodies[_i].answer);
	if (bad_bodies[_i].type == 'Q' || bad_bodies[_i].type == 'F')
		ANSWERS(&c, "Z(I)");
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *answer;
} lost[] = {
#define LOST(text, answer) { (text), sizeof(text) - 1, (answer) }
	LOST("\0\0\0\0\0", "E(08P01)."),
	LOST("z\0\0\0\4", "E(08P01)."),
	LOST("Q\0\0\0\3", "E(08P01)."),
	LOST("S\0\1\0\0", "E(08P01)."),
	LOST("Q\x7f\xff\xff\xff", "E(54000)."),
	LOST("B\xff\xff\xff\xff", "E(54000)."),
	LOST("GET / HTTP/1.1\r\n\r\n", "E(08P01)."),
	LOST("p\0\0\0\5\0", "E(08P01)."),
};

START_TEST(when_the_boundary_of_messages_is_lost_the_session_ends)
{
	struct client c;

	client_login(&c, port);
	buf_put(&c.out, lost[_i].bytes, lost[_i].len);
	ANSWERS(&c, lost[_i].answer);
	client_close(&c);
	wait_until(all_disconnected);
}
END_TEST

START_TEST(a_message_that_is_too_large_is_refused_though_the_client_goes_on_sending)
{
	struct client c;
	size_t len = 300u << 20;
	char *block = calloc(1, 1 << 20);

	client_login(&c, port);
	put_begin(&c, 'Q');
	set_u32(c.out.data + 1, (uint32_t)len);
	client_send(&c);
	for (int i = 0; i < 50; i++)
		if (send(c.fd, block, 1 << 20, MSG_NOSIGNAL) < 0)
			break;
	ck_assert(client_read(&c));
	ck_assert_str_eq(client_field(&c, 'C'), "54000");
	ck_assert_str_eq(client_field(&c, 'S'), "FATAL");
	free(block);
	client_close(&c);
}
END_TEST

START_TEST(a_fatal_error_of_the_executor_ends_the_session)
{
	struct client c;

	client_login(&c, port);
	/* as PostgreSQL: nothing comes after a FATAL error */
	SAYS(&c, "fatal", "E(57P05).");
	client_close(&c);
}
END_TEST

START_TEST(copy_in_takes_data_and_ends_with_done)
{
	struct client c;

	client_login(&c, port);
	put_query(&c, "copy t from stdin");
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, 'G');
	for (int i = 0; i < 100; i++) {
		put_begin(&c, 'd');
		buf_put_str(&c.out, "0123456789");
		put_end(&c);
	}
	put_bare(&c, 'H');
	put_bare(&c, 'S'); /* ignored while copying */
	put_begin(&c, 'd');
	put_end(&c);       /* empty, and not the end */
	put_bare(&c, 'c');
	ANSWERS(&c, "C(COPY 1000)Z(I)");
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(copy_in_fails_with_the_clients_reason)
{
	struct client c;

	client_login(&c, port);
	put_query(&c, "copy t from stdin;echo not reached");
	put_begin(&c, 'd');
	buf_put_str(&c.out, "abc");
	put_end(&c);
	put_begin(&c, 'f');
	put_str(&c, "changed my mind");
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c) && c.type == 'G');
	ck_assert(client_read(&c) && c.type == 'E');
	ck_assert_str_eq(client_field(&c, 'M'), "changed my mind");
	ANSWERS(&c, "Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(another_message_ends_copy_in_with_an_error)
{
	struct client c;

	client_login(&c, port);
	put_query(&c, "copy t from stdin");
	put_query(&c, "echo early");
	client_send(&c);
	ck_assert(client_read(&c) && c.type == 'G');
	ck_assert(client_read(&c) && c.type == 'E');
	ck_assert_str_eq(client_field(&c, 'M'),
			 "unexpected message type 0x51 during COPY from stdin");
	ANSWERS(&c, "Z(I)");
	/* what is left of the data is ignored */
	put_begin(&c, 'd');
	put_end(&c);
	put_bare(&c, 'c');
	put_begin(&c, 'f');
	put_str(&c, "");
	put_end(&c);
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(the_text_of_a_query_outlives_its_copies)
{
	struct client c;

	client_login(&c, port);
	put_query(&c, "copy t from stdin;copy t from stdin;echo the end");
	for (int i = 0; i < 2; i++) {
		put_begin(&c, 'd');
		for (int k = 0; k < 20000; k++)
			buf_put_str(&c.out, "overwrite the buffer ");
		put_end(&c);
		put_bare(&c, 'c');
	}
	ANSWERS(&c, "GC(COPY 420000)GC(COPY 420000)TD(the end)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(copy_out_sends_rows)
{
	struct client c;

	client_login(&c, port);
	SAYS(&c, "copy t to stdout 3", "HdddcC(COPY 3)Z(I)");
	client_close(&c);
}
END_TEST

/* Once the one statement is at work. */
static void *cancel_soon(void *arg)
{
	struct client *c = arg;

	wait_for_waiting(1);
	client_cancel(port, c->pid, c->key, c->key_len);
	return NULL;
}

START_TEST(cancel_ends_the_statement_at_work)
{
	struct client c;
	pthread_t thread;

	client_login(&c, port);
	ck_assert_uint_eq(c.key_len, 4);
	pthread_create(&thread, NULL, cancel_soon, &c);
	SAYS(&c, "gate", "E(57014)Z(I)");
	pthread_join(thread, NULL);
	SAYS(&c, "sleep 1", "C(SLEEP)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(cancel_of_an_idle_session_does_nothing)
{
	struct client c;

	client_login(&c, port);
	for (int i = 0; i < 50; i++) {
		client_cancel(port, c.pid, c.key, c.key_len);
		SAYS(&c, "sleep 1", "C(SLEEP)Z(I)");
	}
	ck_assert_int_eq(fake_counts.cancels, 0);
	client_close(&c);
}
END_TEST

START_TEST(cancel_with_a_wrong_key_does_nothing)
{
	struct client c;
	char key[256];

	client_login(&c, port);
	put_query(&c, "gate");
	client_send(&c);
	wait_for_waiting(1);
	memcpy(key, c.key, 4);
	key[3] ^= 1;
	client_cancel(port, c.pid, key, 4);
	client_cancel(port, c.pid + 1, c.key, 4);
	client_cancel(port, 0, c.key, 4);
	client_cancel(port, -1, c.key, 4);
	memset(key, 0, sizeof(key));
	memcpy(key, c.key, 4);
	client_cancel(port, c.pid, key, 32);
	client_cancel(port, c.pid, key, 256);
	fake_open_gate();
	ANSWERS(&c, "C(GATE)Z(I)");
	ck_assert_int_eq(fake_counts.cancels, 0);
	client_close(&c);
}
END_TEST

struct storm {
	struct client *client;
	atomic_bool stop;
};

static void *cancel_storm(void *arg)
{
	struct storm *s = arg;

	while (!s->stop)
		client_cancel(port, s->client->pid, s->client->key, s->client->key_len);
	return NULL;
}

START_TEST(a_storm_of_cancels_never_reaches_a_session_between_its_statements)
{
	struct client c;
	struct client d;
	pthread_t thread;
	struct storm s = { .client = &c };

	client_login(&c, port);
	client_login(&d, port);
	pthread_create(&thread, NULL, cancel_storm, &s);
	for (int i = 0; i < 300; i++) {
		const char *said = client_query(&c, "sleep 3");
		ck_assert(strcmp(said, "C(SLEEP)Z(I)") == 0 || strcmp(said, "E(57014)Z(I)") == 0);
		SAYS(&d, "echo x", "TD(x)C(SELECT 1)Z(I)");
	}
	s.stop = true;
	pthread_join(thread, NULL);
	client_close(&c);
	client_close(&d);
}
END_TEST

START_TEST(protocol_3_2_has_long_cancel_keys)
{
	struct client c;
	pthread_t thread;

	client_open(&c, port);
	put_startup(&c, V3_2, "app", "db");
	client_send(&c);
	ck_assert_str_eq(client_conversation(&c, false), "RSSSKZ");
	ck_assert_uint_eq(c.key_len, 32);
	client_cancel(port, c.pid, c.key, 4); /* a part of it is nothing */
	pthread_create(&thread, NULL, cancel_soon, &c);
	SAYS(&c, "gate", "E(57014)Z(I)");
	pthread_join(thread, NULL);
	client_close(&c);
}
END_TEST

START_TEST(what_we_do_not_speak_is_negotiated)
{
	struct client c;

	client_open(&c, port);
	put_begin(&c, 0);
	buf_put_u32(&c.out, 3 << 16 | 9999);
	put_str(&c, "user");
	put_str(&c, "app");
	put_str(&c, "_pq_.future");
	put_str(&c, "1");
	put_str(&c, "");
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, 'v');
	ck_assert_uint_eq(get_u32(c.body), V3_2);
	ck_assert_uint_eq(get_u32(c.body + 4), 1);
	ck_assert_str_eq(c.body + 8, "_pq_.future");
	ck_assert_str_eq(client_conversation(&c, false), "RSSSKZ");
	ck_assert_uint_eq(c.key_len, 32);
	client_close(&c);

	client_open(&c, port);
	put_begin(&c, 0);
	buf_put_u32(&c.out, V3_0);
	put_str(&c, "_pq_.other");
	put_str(&c, "1");
	put_str(&c, "user");
	put_str(&c, "app");
	put_str(&c, "");
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, 'v');
	ck_assert_uint_eq(get_u32(c.body), V3_0);
	ck_assert_str_eq(client_conversation(&c, false), "RSSSKZ");
	ck_assert_uint_eq(c.key_len, 4);
	client_close(&c);
}
END_TEST

static void ask(struct client *c, uint32_t code)
{
	put_begin(c, 0);
	buf_put_u32(&c->out, code);
	put_end(c);
	client_send(c);
}

START_TEST(encryption_is_declined_once_each)
{
	struct client c;
	char answer;

	client_open(&c, port);
	ask(&c, 80877104);
	ck_assert_int_eq(1, recv(c.fd, &answer, 1, 0));
	ck_assert_int_eq(answer, 'N');
	ask(&c, 80877103);
	ck_assert_int_eq(1, recv(c.fd, &answer, 1, 0));
	ck_assert_int_eq(answer, 'N');
	put_startup(&c, V3_0, "app", "db");
	client_send(&c);
	ck_assert_str_eq(client_conversation(&c, false), "RSSSKZ");
	client_close(&c);

	client_open(&c, port);
	ask(&c, 80877103);
	ck_assert_int_eq(1, recv(c.fd, &answer, 1, 0));
	ask(&c, 80877103);
	ck_assert_str_eq(client_conversation(&c, true), "E(08P01).");
	client_close(&c);
}
END_TEST

START_TEST(an_http_request_is_told_so)
{
	struct client c;
	char answer[512] = "";
	size_t n = 0;
	ssize_t got;

	client_open(&c, port);
	buf_put_str(&c.out, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	client_send(&c);
	while (n < sizeof(answer) - 1 && (got = recv(c.fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	ck_assert(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
	ck_assert_ptr_nonnull(strstr(answer, "PostgreSQL"));
	client_close(&c);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} strangers[] = {
#define STRANGER(text) { (text), sizeof(text) - 1 }
	STRANGER("\0\0\0\0"),
	STRANGER("\0\0\0\7"),
	STRANGER("\xff\xff\xff\xff\xff\xff\xff\xff"),
	STRANGER("\0\0\x27\x11"),
	STRANGER("SSH-2.0-OpenSSH_9.2\r\n"),
	STRANGER("\x16\3\1\2\0\1\0\1\xfc\3\3"),
	STRANGER("\0\0\0\x0c\0\2\0\0abcd"),
	STRANGER("\0\0\0\x0c\0\3\0\0user"),
};

START_TEST(a_stranger_gets_an_error_and_an_end)
{
	struct client c;

	client_open(&c, port);
	buf_put(&c.out, strangers[_i].bytes, strangers[_i].len);
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_int_eq(c.type, 'E');
	ck_assert_str_eq(client_field(&c, 'S'), "FATAL");
	ck_assert(!client_read(&c));
	client_close(&c);
}
END_TEST

START_TEST(settings_of_the_startup_packet_reach_the_executor)
{
	struct client c;

	client_open(&c, port);
	put_begin(&c, 0);
	buf_put_u32(&c.out, V3_0);
	put_str(&c, "user");
	put_str(&c, "app");
	put_str(&c, "application_name");
	put_str(&c, "a test");
	put_str(&c, "options");
	put_str(&c, "-c work_mem=1MB");
	put_str(&c, "");
	put_end(&c);
	client_send(&c);
	const char *said = client_conversation(&c, true);
	ck_assert_ptr_nonnull(strstr(said, "S(work_mem=1MB)S(application_name=a test)"));
	client_close(&c);
}
END_TEST

START_TEST(a_session_that_the_executor_refuses_ends)
{
	struct client c;

	client_open(&c, port);
	put_startup(&c, V3_0, "app", "nosuch");
	ANSWERS(&c, "RE(3D000).");
	client_close(&c);
}
END_TEST

START_TEST(trust_knows_one_user)
{
	struct client c;

	client_open(&c, port);
	put_startup(&c, V3_0, "other", "db");
	ANSWERS(&c, "E(28000).");
	client_close(&c);
}
END_TEST

START_TEST(a_password_is_asked_for_and_checked)
{
	static const struct { const char *user, *password, *answer; } tries[] = {
		{ "app", "secret", "RSSSKZ" }, { "app", "Secret", "E." },
		{ "app", "", "E." }, { "other", "secret", "E." },
	};
	struct client c;

	config.auth = WIRE_AUTH_PASSWORD;
	start();
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		client_open(&c, port);
		put_startup(&c, V3_0, tries[i].user, "db");
		client_send(&c);
		ck_assert(client_read(&c) && c.type == 'R');
		ck_assert_uint_eq(get_u32(c.body), 3);
		put_begin(&c, 'p');
		put_str(&c, tries[i].password);
		put_end(&c);
		client_send(&c);
		ck_assert_str_eq(client_conversation(&c, false), tries[i].answer);
		client_close(&c);
	}
	client_open(&c, port);
	put_startup(&c, V3_0, "app", "db");
	client_send(&c);
	ck_assert(client_read(&c));
	put_begin(&c, 'p');
	put_str(&c, "wrong");
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_str_eq(client_field(&c, 'C'), "28P01");
	ck_assert_str_eq(client_field(&c, 'M'), "password authentication failed for user \"app\"");
	client_close(&c);
}
END_TEST

static void md5_hex(const void *text, size_t len, char out[33])
{
	unsigned char digest[16];

	ck_assert_int_eq(1, EVP_Digest(text, len, digest, NULL, EVP_md5(), NULL));
	hex_encode(digest, 16, out);
}

START_TEST(md5_accepts_the_password_and_no_other)
{
	static const struct { const char *user, *password, *answer; } tries[] = {
		{ "app", "secret", "RSSSKZ" }, { "app", "Secret", "E." }, { "other", "secret", "E." },
	};
	struct client c;

	config.auth = WIRE_AUTH_MD5;
	start();
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		char text[64];
		char hex[37];

		client_open(&c, port);
		put_startup(&c, V3_0, tries[i].user, "db");
		client_send(&c);
		ck_assert(client_read(&c) && c.type == 'R' && c.len == 8);
		ck_assert_uint_eq(get_u32(c.body), 5);
		int n = snprintf(text, sizeof(text), "%s%s", tries[i].password, tries[i].user);
		md5_hex(text, (size_t)n, hex);
		memcpy(hex + 32, c.body + 4, 4);
		strcpy(text, "md5");
		md5_hex(hex, 36, text + 3);
		put_begin(&c, 'p');
		put_str(&c, text);
		put_end(&c);
		client_send(&c);
		ck_assert_str_eq(client_conversation(&c, false), tries[i].answer);
		client_close(&c);
	}
}
END_TEST

START_TEST(no_message_but_a_password_is_taken_before_it)
{
	struct client c;

	config.auth = WIRE_AUTH_SCRAM;
	start();
	client_open(&c, port);
	put_startup(&c, V3_0, "app", "db");
	put_query(&c, "echo x");
	ANSWERS(&c, "RE(08P01).");
	client_close(&c);
	client_open(&c, port);
	put_startup(&c, V3_0, "app", "db");
	put_begin(&c, 'p');
	put_str(&c, "SCRAM-SHA-1");
	buf_put_u32(&c.out, 0);
	put_end(&c);
	ANSWERS(&c, "RE(08P01).");
	client_close(&c);
	client_open(&c, port);
	put_startup(&c, V3_0, "app", "db");
	buf_put(&c.out, "p\x7f\xff\xff\xff", 5);
	ANSWERS(&c, "RE(08P01).");
	client_close(&c);
	ck_assert_int_eq(fake_counts.connects, 0);
}
END_TEST

/* What a client that goes on to a challenge sees of SCRAM for this name. */
static void scram_challenge(const char *user, char salt[64], char *sqlstate)
{
	struct client c;

	client_open(&c, port);
	put_startup(&c, V3_0, user, "db");
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_uint_eq(get_u32(c.body), 10);
	put_begin(&c, 'p');
	put_str(&c, "SCRAM-SHA-256");
	buf_put_u32(&c.out, 9);
	buf_put_str(&c.out, "n,,n=,r=x");
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c));
	ck_assert_uint_eq(get_u32(c.body), 11);
	char nonce[128];
	ck_assert_int_eq(2, sscanf(c.body + 4, "r=%127[^,],s=%63[^,],i=4096", nonce, salt));
	put_begin(&c, 'p');
	buf_printf(&c.out, "c=biws,r=%s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", nonce);
	put_end(&c);
	client_send(&c);
	ck_assert(client_read(&c));
	snprintf(sqlstate, 6, "%s", client_field(&c, 'C'));
	ck_assert(!client_read(&c));
	client_close(&c);
}

START_TEST(an_unknown_user_looks_like_a_wrong_password)
{
	char salts[4][64];
	char sqlstate[4][6];

	config.auth = WIRE_AUTH_SCRAM;
	start();
	scram_challenge("app", salts[0], sqlstate[0]);
	scram_challenge("app", salts[1], sqlstate[1]);
	scram_challenge("nobody", salts[2], sqlstate[2]);
	scram_challenge("nobody", salts[3], sqlstate[3]);
	ck_assert_str_eq(salts[0], salts[1]);
	ck_assert_str_eq(salts[2], salts[3]);
	ck_assert_uint_eq(strlen(salts[0]), strlen(salts[2]));
	for (int i = 0; i < 4; i++)
		ck_assert_str_eq(sqlstate[i], "28P01");
}
END_TEST

START_TEST(authentication_has_a_time_limit)
{
	struct client silent, half, waiting;

	config.auth = WIRE_AUTH_SCRAM;
	config.auth_timeout_ms = 4000; /* as long as it may take until one is asked for the password */
	start();
	client_open(&silent, port);
	client_open(&half, port);
	buf_put(&half.out, "\0\0\0\x20\0\3", 6);
	client_send(&half);
	client_open(&waiting, port);
	put_startup(&waiting, V3_0, "app", "db");
	ANSWERS(&waiting, "RE(57014).");
	ck_assert_str_eq(client_conversation(&silent, false), ".");
	ck_assert_str_eq(client_conversation(&half, false), ".");
	client_close(&silent);
	client_close(&half);
	client_close(&waiting);
}
END_TEST

START_TEST(a_session_outlives_the_time_limit_of_its_authentication)
{
	struct client c;

	config.auth_timeout_ms = 4000;
	start();
	client_login(&c, port);
	usleep(4500000);
	SAYS(&c, "echo x", "TD(x)C(SELECT 1)Z(I)");
	client_close(&c);
}
END_TEST

START_TEST(one_client_too_many_is_told_so_and_a_place_that_is_left_is_given)
{
	struct client c[3];
	struct client more;
	char answer;

	config.max_connections = 3;
	start();
	for (int i = 0; i < 3; i++)
		client_login(&c[i], port);
	for (int i = 0; i < 20; i++) {
		client_open(&more, port);
		ask(&more, 80877103);
		ck_assert_int_eq(1, recv(more.fd, &answer, 1, 0));
		put_startup(&more, V3_0, "app", "db");
		client_send(&more);
		ck_assert(client_read(&more));
		ck_assert_str_eq(client_field(&more, 'C'), "53300");
		ck_assert_str_eq(client_field(&more, 'M'), "sorry, too many clients already");
		client_close(&more);
	}
	/* a full server still takes cancels */
	put_query(&c[0], "gate");
	client_send(&c[0]);
	wait_for_waiting(1);
	client_cancel(port, c[0].pid, c[0].key, 4);
	ANSWERS(&c[0], "E(57014)Z(I)");
	client_close(&c[0]);
	wait_until(one_disconnected);
	client_login(&more, port);
	client_close(&more);
	client_close(&c[1]);
	client_close(&c[2]);
}
END_TEST

START_TEST(a_server_full_of_waiting_statements_still_serves_the_one_they_wait_for)
{
	enum { N = 40 };
	struct client holder;
	struct client c[N - 1];

	config.max_connections = N;
	start();
	client_login(&holder, port);
	SAYS(&holder, "lock", "C(LOCK)Z(I)");
	for (int i = 0; i < N - 1; i++) {
		client_login(&c[i], port);
		put_query(&c[i], "lock;unlock");
		client_send(&c[i]);
	}
	wait_for_waiting(N - 1);
	SAYS(&holder, "echo still here", "TD(still here)C(SELECT 1)Z(I)");
	SAYS(&holder, "unlock", "C(UNLOCK)Z(I)");
	for (int i = 0; i < N - 1; i++) {
		ANSWERS(&c[i], "C(LOCK)C(UNLOCK)Z(I)");
		client_close(&c[i]);
	}
	client_close(&holder);
}
END_TEST

START_TEST(workers_end_when_they_have_nothing_to_do)
{
	struct client c[30];

	client_login(&c[0], port);
	for (int i = 1; i < 30; i++)
		client_login(&c[i], port);
	for (int i = 0; i < 30; i++) {
		put_query(&c[i], "gate");
		client_send(&c[i]);
	}
	wait_for_waiting(30);
	ck_assert_int_ge(n_threads(), 30);
	ck_assert_int_le(n_threads(), 30 + 8); /* none is started for nothing */
	fake_open_gate();
	for (int i = 0; i < 30; i++)
		ANSWERS(&c[i], "C(GATE)Z(I)");
	for (int i = 0; i < 1000 && n_threads() > 10; i++)
		usleep(100000);
	ck_assert_int_le(n_threads(), 10);
	SAYS(&c[7], "echo x", "TD(x)C(SELECT 1)Z(I)");
	for (int i = 0; i < 30; i++)
		client_close(&c[i]);
}
END_TEST

static atomic_bool stopped;

static void *stop(void *arg)
{
	wire_stop(server, mono_ms() + *(int *)arg);
	stopped = true;
	return NULL;
}

START_TEST(a_stop_lets_statements_end_and_tells_everybody)
{
	struct client idle, in_transaction, busy, late;
	pthread_t thread;
	int ms = 120000;

	client_login(&idle, port);
	client_login(&in_transaction, port);
	SAYS(&in_transaction, "begin", "C(BEGIN)Z(T)");
	client_login(&busy, port);
	put_query(&busy, "gate;echo done");
	put_query(&busy, "echo not begun");
	client_send(&busy);
	wait_for_waiting(1);
	pthread_create(&thread, NULL, stop, &ms);
	ck_assert_str_eq(client_conversation(&idle, true), "E(57P01).");
	ck_assert_str_eq(client_conversation(&in_transaction, true), "E(57P01).");
	ck_assert(!stopped);
	client_open(&late, port);
	put_startup(&late, V3_0, "app", "db");
	ANSWERS(&late, "E(57P03).");
	ck_assert(!stopped);
	fake_open_gate();
	ck_assert_str_eq(client_conversation(&busy, true), "C(GATE)TD(done)C(SELECT 1)Z(I)");
	ck_assert_str_eq(client_conversation(&busy, true), "E(57P01).");
	pthread_join(thread, NULL);
	ck_assert_int_eq(fake_counts.connects, fake_counts.disconnects);
	client_close(&idle);
	client_close(&in_transaction);
	client_close(&busy);
	client_close(&late);
	wire_close(server);
}
END_TEST

static bool all_three_at_work(void)
{
	return fake_counts.waiting == 1 && fake_counts.copies == 1 && fake_counts.statements == 3;
}

START_TEST(a_stop_cancels_what_runs_past_its_deadline)
{
	struct client busy, deaf, copying;
	pthread_t thread;
	int ms = 300;

	client_login(&busy, port);
	put_query(&busy, "gate"); /* that nobody opens */
	client_send(&busy);
	client_login(&deaf, port);
	put_query(&deaf, "rows 100000000 1000"); /* and never reads */
	client_send(&deaf);
	client_login(&copying, port);
	put_query(&copying, "copy t from stdin"); /* and never sends */
	client_send(&copying);
	wait_until(all_three_at_work);
	pthread_create(&thread, NULL, stop, &ms);
	pthread_join(thread, NULL);
	ck_assert_str_eq(client_conversation(&busy, true), "E(57014)Z(I)");
	ck_assert_int_eq(fake_counts.connects, fake_counts.disconnects);
	client_close(&busy);
	client_close(&deaf);
	client_close(&copying);
	wire_close(server);
}
END_TEST

START_TEST(a_client_that_is_idle_too_long_is_told_and_closed)
{
	struct client idle, in_transaction, failed, busy, free_again;

	client_login(&idle, port);
	client_login(&in_transaction, port);
	client_login(&failed, port);
	client_login(&busy, port);
	client_login(&free_again, port);
	SAYS(&free_again, "set idle_ms 3000", "C(SET)Z(I)");
	int64_t not_before = mono_ms() + 3500;
	SAYS(&free_again, "set idle_ms 0", "C(SET)Z(I)");
	put_query(&busy, "set idle_ms 300;sleep 1500;echo done"); /* works, and so is not idle */
	client_send(&busy);
	SAYS(&idle, "set idle_ms 100", "C(SET)Z(I)");
	ck_assert_str_eq(client_conversation(&idle, true), "E(57P05).");
	SAYS(&in_transaction, "begin;set idle_ms 100", "C(BEGIN)C(SET)Z(T)");
	ck_assert_str_eq(client_conversation(&in_transaction, true), "E(25P03).");
	SAYS(&failed, "set idle_ms 100;begin;fail", "C(SET)C(BEGIN)E(42601)Z(E)");
	ck_assert_str_eq(client_conversation(&failed, true), "E(25P03).");
	ck_assert_str_eq(client_conversation(&busy, true), "C(SET)C(SLEEP)TD(done)C(SELECT 1)Z(I)");
	ck_assert_str_eq(client_conversation(&busy, true), "E(57P05).");
	while (mono_ms() < not_before)
		usleep(10000);
	SAYS(&free_again, "echo here", "TD(here)C(SELECT 1)Z(I)");
	client_close(&idle);
	client_close(&in_transaction);
	client_close(&failed);
	client_close(&busy);
	client_close(&free_again);
}
END_TEST

START_TEST(a_unix_socket_serves_and_is_removed)
{
	char dir[] = "/tmp/pgblob-wire-XXXXXX";
	char path[128];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	config.unix_dir = dir;
	start();
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%u", dir, port);
	ck_assert_int_eq(0, access(path, F_OK));
	/* a second server on the same port finds it in use */
	struct wire_config second = config;
	struct wire_server *other;
	struct error err = ERROR_INIT;
	second.port = port;
	ck_assert(!wire_open(&second, &fake_ops, NULL, &other, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "Address already in use"));
	ck_assert_int_eq(0, access(path, F_OK));
	wire_stop(server, mono_ms() + 1000);
	wire_close(server);
	ck_assert_int_ne(0, access(path, F_OK));
	rmdir(dir);
}
END_TEST

struct hammer {
	pthread_t thread;
	int n;
};

static void *hammer(void *arg)
{
	struct hammer *h = arg;
	struct client c;

	for (int round = 0; round < 5; round++) {
		client_open(&c, port);
		put_startup(&c, V3_0, "app", "db");
		client_send(&c);
		while (client_read(&c) && c.type != 'Z')
			;
		for (int i = 0; i < 100; i++) {
			put_parse(&c, "", "rows 3 1");
			put_bind(&c, "", "", 0);
			put_execute(&c, "", 0);
			put_bare(&c, 'S');
			client_send(&c);
			while (client_read(&c) && c.type != 'Z')
				h->n += c.type == 'D';
			if (i % 25 == 24)
				usleep(10000); /* long enough to go back to the reactor */
		}
		client_close(&c);
	}
	return NULL;
}

START_TEST(many_clients_at_once_get_all_their_rows)
{
	struct hammer h[16] = { 0 };

	for (size_t i = 0; i < 16; i++)
		pthread_create(&h[i].thread, NULL, hammer, &h[i]);
	for (size_t i = 0; i < 16; i++) {
		pthread_join(h[i].thread, NULL);
		ck_assert_int_eq(h[i].n, 5 * 100 * 3);
	}
}
END_TEST

static size_t resident_kb(void)
{
	size_t pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	ck_assert_int_eq(1, fscanf(file, "%*s %zu", &pages));
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Both ends are in this process: two files a connection. */
START_TEST(ten_thousand_idle_connections_cost_kilobytes_and_no_threads)
{
	struct rlimit limit;
	size_t n = 10000;

	config.max_connections = 10000;
	start();
	ck_assert_int_eq(0, getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < 2 * n + 100)
		n = (limit.rlim_cur - 100) / 2;
	struct client *c = calloc(n, sizeof(*c));
	size_t clients_kb = n * sizeof(*c) / 1024;
	client_login(&c[0], port);
	SAYS(&c[0], "echo x", "TD(x)C(SELECT 1)Z(I)");
	size_t before = resident_kb();
	for (size_t i = 1; i < n; i++) {
		client_login(&c[i], port);
		buf_free(&c[i].out);
	}
	usleep(50000);
	size_t used = resident_kb() - before - clients_kb;
	printf("%zu idle connections: %zu bytes each, session and client included; %d threads\n",
	       n, used * 1024 / n, n_threads());
	if (MEMORY_COUNTS)
		ck_assert_uint_lt(used * 1024 / n, 4096);
	for (int i = 0; i < 1000 && n_threads() > 10; i++)
		usleep(100000);
	ck_assert_int_le(n_threads(), 10);
	SAYS(&c[n / 2], "echo still here", "TD(still here)C(SELECT 1)Z(I)");
	for (size_t i = 0; i < n; i++)
		client_close(&c[i]);
	free(c);
	wait_until(all_disconnected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = tcase_create("session");
	TCase *own = tcase_create("own configuration");
	TCase *end = tcase_create("stop");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup_and_start, teardown);
	tcase_add_test(tc, a_query_is_answered);
	tcase_add_test(tc, the_status_byte_follows_the_transaction);
	tcase_add_test(tc, an_error_in_a_query_ends_it_with_one_ready);
	tcase_add_test(tc, an_extended_query_is_answered_message_by_message);
	tcase_add_test(tc, describe_of_a_statement_without_rows_says_no_data);
	tcase_add_test(tc, execute_never_describes);
	tcase_add_test(tc, a_portal_suspends_and_goes_on);
	tcase_add_test(tc, after_an_error_everything_up_to_sync_is_ignored);
	tcase_add_test(tc, each_sync_gets_one_ready);
	tcase_add_test(tc, an_error_is_sent_before_sync_comes);
	tcase_add_test(tc, flush_sends_what_is_there);
	tcase_add_test(tc, messages_may_come_byte_by_byte);
	tcase_add_test(tc, a_pipeline_of_thousands_is_answered_in_order);
	tcase_add_test(tc, a_value_of_ten_million_bytes_goes_there_and_back);
	tcase_add_test(tc, a_result_streams_while_the_client_reads);
	tcase_add_test(tc, a_client_that_goes_away_ends_its_statement);
	tcase_add_test(tc, text_that_is_not_utf8_is_refused_and_the_session_goes_on);
	tcase_add_loop_test(tc, garbage_in_a_message_is_an_error_not_the_end, 0,
			    ARRAY_LEN(bad_bodies));
	tcase_add_loop_test(tc, when_the_boundary_of_messages_is_lost_the_session_ends, 0,
			    ARRAY_LEN(lost));
	tcase_add_test(tc, a_message_that_is_too_large_is_refused_though_the_client_goes_on_sending);
	tcase_add_test(tc, a_fatal_error_of_the_executor_ends_the_session);
	tcase_add_test(tc, copy_in_takes_data_and_ends_with_done);
	tcase_add_test(tc, copy_in_fails_with_the_clients_reason);
	tcase_add_test(tc, another_message_ends_copy_in_with_an_error);
	tcase_add_test(tc, the_text_of_a_query_outlives_its_copies);
	tcase_add_test(tc, copy_out_sends_rows);
	tcase_add_test(tc, cancel_ends_the_statement_at_work);
	tcase_add_test(tc, cancel_of_an_idle_session_does_nothing);
	tcase_add_test(tc, cancel_with_a_wrong_key_does_nothing);
	tcase_add_test(tc, a_storm_of_cancels_never_reaches_a_session_between_its_statements);
	tcase_add_test(tc, protocol_3_2_has_long_cancel_keys);
	tcase_add_test(tc, what_we_do_not_speak_is_negotiated);
	tcase_add_test(tc, encryption_is_declined_once_each);
	tcase_add_test(tc, an_http_request_is_told_so);
	tcase_add_loop_test(tc, a_stranger_gets_an_error_and_an_end, 0, ARRAY_LEN(strangers));
	tcase_add_test(tc, settings_of_the_startup_packet_reach_the_executor);
	tcase_add_test(tc, a_session_that_the_executor_refuses_ends);
	tcase_add_test(tc, trust_knows_one_user);
	tcase_add_test(tc, workers_end_when_they_have_nothing_to_do);
	tcase_add_test(tc, many_clients_at_once_get_all_their_rows);
	tcase_add_test(tc, a_client_that_is_idle_too_long_is_told_and_closed);
	suite_add_tcase(suite, tc);

	tcase_set_timeout(own, 300);
	tcase_add_checked_fixture(own, setup, teardown);
	tcase_add_test(own, a_password_is_asked_for_and_checked);
	tcase_add_test(own, md5_accepts_the_password_and_no_other);
	tcase_add_test(own, no_message_but_a_password_is_taken_before_it);
	tcase_add_test(own, an_unknown_user_looks_like_a_wrong_password);
	tcase_add_test(own, authentication_has_a_time_limit);
	tcase_add_test(own, a_session_outlives_the_time_limit_of_its_authentication);
	tcase_add_test(own, one_client_too_many_is_told_so_and_a_place_that_is_left_is_given);
	tcase_add_test(own, a_server_full_of_waiting_statements_still_serves_the_one_they_wait_for);
	tcase_add_test(own, ten_thousand_idle_connections_cost_kilobytes_and_no_threads);
	suite_add_tcase(suite, own);

	tcase_set_timeout(end, 300);
	tcase_add_checked_fixture(end, setup_and_start, NULL);
	tcase_add_test(end, a_stop_lets_statements_end_and_tells_everybody);
	tcase_add_test(end, a_stop_cancels_what_runs_past_its_deadline);
	suite_add_tcase(suite, end);

	TCase *bare = tcase_create("no fixture's server");
	tcase_set_timeout(bare, 300);
	tcase_add_checked_fixture(bare, setup, NULL);
	tcase_add_test(bare, a_unix_socket_serves_and_is_removed);
	suite_add_tcase(suite, bare);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
