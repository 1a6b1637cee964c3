dist_man_MANS += man/pgblob.1 man/pgblob.yaml.5 man/pgblob.so.7 man/pgblobd.8 \
	man/pgblob-compact.1 man/pgblob-gc.1 man/pgblob-cp.1 man/pgblob-drop.1 man/pgblob-export.1 man/pgblob-import.1 \
	man/pgblob-info.1 man/pgblob-log.1 man/pgblob-ls.1 man/pgblob-branch.1 man/pgblob-restore.1 man/pgblob-snapshot.1 man/pgblob-verify.1
