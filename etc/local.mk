EXTRA_DIST += etc/pgblob.yaml etc/pgblobd.service
