/*
 * replay.c - run a fuzz target over its corpus, in every make check
 *
 * Links with a target's LLVMFuzzerTestOneInput() to a program replay_NAME, which
 * reads each file of tests/fuzz/corpus/NAME in the source tree (or of the
 * folders and files it is given), whole, and cut short at every 1/8: a parser
 * meets half an input more often than a strange one.
 * Licence: MIT, see LICENSE.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { INPUT_MAX = 16 << 20 };

static unsigned n_files;

static void run(const char *bytes, size_t len)
{
	/* its own allocation, of just that size: a sanitizer sees a read past the end */
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *bytes = malloc(INPUT_MAX);

	if (file == NULL || bytes == NULL) {
		fprintf(stderr, "cannot read %s\n", path);
		free(bytes);
		if (file != NULL)
			fclose(file);
		return 1;
	}
	size_t len = fread(bytes, 1, INPUT_MAX, file);
	fclose(file);
	for (size_t eighths = 0; eighths <= 8; eighths++)
		run(bytes, len * eighths / 8);
	free(bytes);
	n_files++;
	return 0;
}

static int replay(const char *path)
{
	struct stat st;
	int failed = 0;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return replay_file(path);
	DIR *dir = opendir(path);
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		failed |= replay(name);
	}
	if (dir != NULL)
		closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			failed |= replay(argv[i]);
	} else {
		const char *srcdir = getenv("srcdir"); /* make check sets it */
		const char *name = strstr(argv[0], "replay_");
		char corpus[4096];

		for (const char *at = name; at != NULL; at = strstr(at + 1, "replay_"))
			name = at;
		snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s",
			 srcdir != NULL ? srcdir : "..", name != NULL ? name + 7 : "");
		failed = replay(corpus);
	}
	if (n_files == 0) {
		fprintf(stderr, "no input was found: that is a failure\n");
		return EXIT_FAILURE;
	}
	printf("%u inputs\n", n_files);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
