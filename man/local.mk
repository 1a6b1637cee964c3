dist_man_MANS += man/pgblob.yaml.5
