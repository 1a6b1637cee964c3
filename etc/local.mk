EXTRA_DIST += etc/pgblob.yaml etc/pgblobd.service

# where bash-completion looks for it
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = etc/completion/pgblob
