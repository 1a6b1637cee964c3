/*
 * tool_progress.c - how far long work is, for who waits at a terminal
 * Licence: MIT, see LICENSE.
 */
#include "cmd/tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_MS = 100, DEFAULT_WIDTH = 80, BAR_MAX = 60, BESIDE_BAR = 48 };

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40)
		return DEFAULT_WIDTH;
	return size.ws_col;
}

/* "1234 pages/s", "3.1 MB/s" */
static void put_rate(const struct progress *p, uint64_t done, int64_t now)
{
	double seconds = (double)(now - p->began_ms) / 1000;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	char size[TOOL_SIZE_LEN];

	switch (p->unit) {
	case PROGRESS_PAGES:
		fprintf(stderr, "%9.0f pages/s", rate);
		break;
	case PROGRESS_BYTES:
		fprintf(stderr, "%9s/s", tool_size((uint64_t)rate, size));
		break;
	case PROGRESS_OBJECTS:
		fprintf(stderr, "%9.0f objects/s", rate);
		break;
	}
}

static void put_left(const struct progress *p, uint64_t done, uint64_t total, int64_t now)
{
	if (done == 0 || done >= total || now - p->began_ms < 1000) {
		fputs("       ", stderr);
		return;
	}
	uint64_t left = (uint64_t)((double)(now - p->began_ms) / 1000 * (double)(total - done) /
				   (double)done);
	if (left < 6000)
		fprintf(stderr, " %2" PRIu64 ":%02" PRIu64 " ", left / 60, left % 60);
	else
		fprintf(stderr, " %3" PRIu64 "h  ", left / 3600);
}

static void draw(const struct progress *p, uint64_t done, uint64_t total, int64_t now)
{
	char bar[BAR_MAX + 1];

	if (p->unit == PROGRESS_OBJECTS) {
		fprintf(stderr, "\r%s: %" PRIu64 " objects looked at ", p->what, done);
		put_rate(p, done, now);
		fflush(stderr);
		return;
	}
	int room = terminal_width() - BESIDE_BAR;
	int width = room < 10 ? 10 : room > BAR_MAX ? BAR_MAX : room;
	int full = total > 0 ? (int)((double)width * (double)done / (double)total) : width;

	if (full > width)
		full = width;
	for (int i = 0; i < width; i++)
		bar[i] = i < full ? '#' : ' ';
	bar[width] = '\0';
	fprintf(stderr, "\r%s [%s] %3d%% ", p->what, bar,
		(int)(total > 0 ? 100 * (double)done / (double)total : 100));
	put_rate(p, done, now);
	put_left(p, done, total, now);
	fflush(stderr);
}

struct progress progress_begin(const struct tool *t, const char *what, enum progress_unit unit)
{
	return (struct progress){ .what = what,
				  .unit = unit,
				  .shown = !t->quiet && isatty(STDERR_FILENO) != 0,
				  .began_ms = mono_ms() };
}

bool progress_show(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;
	int64_t now = mono_ms();

	if (p->shown && (now - p->last_ms >= BAR_MS || done == total)) {
		p->last_ms = now;
		p->drawn = true;
		draw(p, done, total, now);
	}
	return !tool_interrupted;
}

void progress_clear(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\033[K", stderr);
	p->drawn = false;
	p->last_ms = 0;
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fputc('\n', stderr);
	p->shown = p->drawn = false;
}
