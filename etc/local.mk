EXTRA_DIST += etc/pgblob.yaml
