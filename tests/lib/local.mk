# What tests of several layers share.  A test links libtest.a before the
# libraries of its layer: $(TEST_LIBS) $(BLOB_LIBS) or $(TEST_LIBS) $(VFS_LIBS).
noinst_LIBRARIES += libtest.a
libtest_a_SOURCES = \
	tests/lib/fault_store.c tests/lib/fault_store.h \
	tests/lib/proxy.c tests/lib/proxy.h \
	tests/lib/store_kinds.c tests/lib/store_kinds.h
libtest_a_CFLAGS = $(AM_CFLAGS)
TEST_LIBS = libtest.a

# A simulated world: a program that lists $(SIM_SOURCES) and links with $(SIM_LINK) runs in it.
SIM_SOURCES = tests/lib/sim.c tests/lib/sim.h tests/lib/sim_store.c tests/lib/sim_store.h \
	tests/lib/sim_disk.c tests/lib/sim_disk.h
SIM_WRAPPED = pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock pthread_cond_wait \
	pthread_cond_timedwait pthread_cond_signal pthread_cond_broadcast pthread_create pthread_join \
	pthread_detach syscall processors clock_gettime nanosleep clock_nanosleep getrandom http_perform \
	pwritev ftruncate fdatasync fsync unlinkat
SIM_LINK = $(AM_LDFLAGS) $(SIM_WRAPPED:%=-Wl,--wrap=%)

# A store's network, with faults and latency: see the head of its source.
noinst_PROGRAMS += tests/lib/store-proxy
tests_lib_store_proxy_SOURCES = tests/lib/store_proxy.c
tests_lib_store_proxy_CFLAGS = $(AM_CFLAGS)
tests_lib_store_proxy_LDADD = $(TEST_LIBS) $(BASE_LIBS)

EXTRA_DIST += tests/lib/README.md tests/lib/stores.sh tests/servers/README.md tests/servers/common.sh \
	tests/servers/azurite.sh tests/servers/ceph.sh tests/servers/s3rver.sh
