"""Routes of the hosts' Traefiks: joined with the containers behind them, and held against what is expected."""
