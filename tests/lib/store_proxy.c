/*
 * store_proxy.c - the proxy of proxy.h as a program
 *
 * usage: store-proxy [-p PORT] [-l MS] [-d MS] [-f NTH:MODE[:sticky]] TARGET
 *	TARGET   where the store is: http://127.0.0.1:9000
 *	-p PORT  listen on 127.0.0.1:PORT; any free one by default
 *	-l MS    latency added to each request
 *	-d MS    how long the modes delay and late wait; 500
 *	-f ...   let the NTH request (1: the first) meet MODE, and with ":sticky" all after it: drop,
 *	         lost-reply, hang, late, delay, repeat, truncate, garbage, 503, 500, 500-done, 409
 *
 * Prints the URL to use instead of TARGET, as one line, once it can be used.
 * Counts of requests and everything that the options set: GET .../-/counts and
 * so on, see proxy.h.  At SIGTERM or SIGINT it prints the counts and ends.
 * Licence: MIT, see LICENSE.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/lib/proxy.h"

static int usage(void)
{
	fprintf(stderr, "usage: store-proxy [-p PORT] [-l MS] [-d MS] [-f NTH:MODE[:sticky]] TARGET\n");
	return 2;
}

/* A number from 0 to most; false for anything else. */
static bool number(const char *text, unsigned long most, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return end != text && *end == '\0' && text[0] != '-' && *out <= most;
}

static bool parse_fault(char *text, unsigned long *nth, enum proxy_mode *mode, bool *sticky)
{
	char *name = strchr(text, ':'), *more;

	if (name == NULL)
		return false;
	*name++ = '\0';
	more = strchr(name, ':');
	if (more != NULL)
		*more++ = '\0';
	*sticky = more != NULL && strcmp(more, "sticky") == 0;
	return number(text, 1000000, nth) && proxy_mode_of_name(name, mode) &&
	       (more == NULL || *sticky);
}

int main(int argc, char **argv)
{
	unsigned long port = 0, latency_ms = 0, delay_ms = 500, nth = 0;
	enum proxy_mode mode = PROXY_DROP;
	struct proxy *proxy;
	struct error err = ERROR_INIT;
	bool sticky = false;
	sigset_t ends;
	int option, sig;

	while ((option = getopt(argc, argv, "p:l:d:f:")) != -1) {
		bool good = false;
		switch (option) {
		case 'p':
			good = number(optarg, 65535, &port);
			break;
		case 'l':
			good = number(optarg, 3600000, &latency_ms);
			break;
		case 'd':
			good = number(optarg, 3600000, &delay_ms);
			break;
		case 'f':
			good = parse_fault(optarg, &nth, &mode, &sticky);
			break;
		}
		if (!good)
			return usage();
	}
	if (optind + 1 != argc)
		return usage();

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (!proxy_open(argv[optind], (uint16_t)port, &proxy, &err)) {
		fprintf(stderr, "store-proxy: %s\n", err.text);
		return 1;
	}
	proxy_set_latency(proxy, (unsigned)latency_ms);
	proxy_set_delay(proxy, (unsigned)delay_ms);
	if (nth > 0 && sticky)
		proxy_arm_sticky(proxy, (unsigned)nth, mode);
	else if (nth > 0)
		proxy_arm(proxy, (unsigned)nth, mode);
	printf("%s\n", proxy_endpoint(proxy));
	fflush(stdout);
	sigwait(&ends, &sig);
	struct proxy_counts c = proxy_get_counts(proxy);
	printf("all=%llu gets=%llu heads=%llu puts=%llu posts=%llu deletes=%llu faults=%llu\n",
	       (unsigned long long)c.all, (unsigned long long)c.gets, (unsigned long long)c.heads,
	       (unsigned long long)c.puts, (unsigned long long)c.posts,
	       (unsigned long long)c.deletes, (unsigned long long)c.faults);
	proxy_close(proxy);
	return 0;
}
