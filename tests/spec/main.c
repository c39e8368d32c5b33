/*
 * spec_runner [--decode|--compiled] SCRIPT: runs one script of the specification's test suite ("i32", "simd/simd_const").
 *
 * The scripts, converted by wast2json, are sought in SPEC_DIR, else in shared/spec beside the source tree or beside one of the folders
 * above it. Where there are none it exits with 77, which Meson counts as skipped. --decode looks at modules without running anything,
 * --compiled runs everything as machine code.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_SKIP = 77 };

static bool find_folder(char *folder, size_t size)
{
	const char *given = getenv("SPEC_DIR");
	if (given) {
		snprintf(folder, size, "%s/v2", given);
		return access(folder, R_OK) == 0;
	}
	char above[2048] = SOURCE_ROOT;
	for (char *slash; (slash = strrchr(above, '/')); *slash = 0) {
		snprintf(folder, size, "%.*s/shared/spec/v2", (int)(slash - above), above);
		if (access(folder, R_OK) == 0)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	bool decode_only = argc == 3 && strcmp(argv[1], "--decode") == 0;
	bool compiled = argc == 3 && strcmp(argv[1], "--compiled") == 0;
	if (argc != 2 && !decode_only && !compiled) {
		fprintf(stderr, "usage: spec_runner [--decode|--compiled] SCRIPT\n");
		return 2;
	}
	const char *name = argv[argc - 1];
	char folder[3072], path[4096];
	if (!find_folder(folder, sizeof folder)) {
		printf("skipped: the specification's scripts are not here; set SPEC_DIR to the folder that has v2/\n");
		return EXIT_SKIP;
	}
	snprintf(path, sizeof path, "%s/%s.json", folder, name);
	const char *slash = strrchr(name, '/');
	if (slash)
		snprintf(folder + strlen(folder), sizeof folder - strlen(folder), "/%.*s", (int)(slash - name), name);
	struct script script = { .folder = folder, .name = name, .decode_only = decode_only, .compiled = compiled };
	if (!script_run(&script, path))
		return 1;
	printf("%s: %u passed, %u failed, %u skipped\n", name, script.passed, script.failed, script.skipped);
	return script.failed ? 1 : 0;
}
