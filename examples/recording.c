/* Shows a recording with libtimecraft: its calls, or with -n what it did on the network.
 *
 *	cc recording.c $(pkg-config --cflags --libs timecraft) -o recording
 *	./recording [-n] ID
 */
#include <stdio.h>
#include <string.h>

#include <timecraft.h>

static bool print_event(void *data, const timecraft_event *event)
{
	static const char *const names[] = { "CONNECT", "ACCEPT", "SEND", "RECEIVE", "SHUTDOWN", "RESOLVE", "LOST", "TLS", "GONE" };
	(void)data;
	printf("%s %s > %s: %llu bytes\n", names[event->type], event->local, event->peer, (unsigned long long)event->size);
	return true;
}

static timecraft_status show(timecraft_recording *recording, bool network)
{
	timecraft_record record;
	timecraft_status status;
	while ((status = timecraft_next(recording, &record)) == TIMECRAFT_OK || status == TIMECRAFT_DAMAGED) {
		if (status == TIMECRAFT_DAMAGED)
			fprintf(stderr, "%s\n", timecraft_error());
		else if (network)
			timecraft_events(recording, print_event, NULL);
		else
			puts(timecraft_format(recording, &record, TIMECRAFT_TEXT));
	}
	return status;
}

int main(int argc, char **argv)
{
	bool network = argc > 2 && strcmp(argv[1], "-n") == 0;
	timecraft_recording *recording;
	if (argc != 2 + network) {
		fprintf(stderr, "usage: recording [-n] ID\n");
		return 2;
	}
	if (timecraft_open(NULL, argv[argc - 1], &recording) != TIMECRAFT_OK) {
		fprintf(stderr, "%s\n", timecraft_error());
		return 1;
	}
	timecraft_status status = show(recording, network);
	if (status != TIMECRAFT_END)
		fprintf(stderr, "%s\n", timecraft_error());
	timecraft_close(recording);
	return status == TIMECRAFT_END ? 0 : 1;
}
