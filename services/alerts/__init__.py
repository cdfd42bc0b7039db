"""The way of an alert: inbox → desk (the pipeline's stages) → incidents in the ledger → outbox → chats."""
