dist_man_MANS += man/pgblob.1 man/pgblob.yaml.5 man/pgblobd.8
