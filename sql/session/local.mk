# sessions, transactions, settings
