"""Everything Vakhta can do, without a word about Telegram.

Services take and return frozen dataclasses from `services.domain`, raise only what
`services.errors` draws, and check every act against `services.domain.access.may`.
"""
