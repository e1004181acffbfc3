"""Choose a model: pure functions from a snapshot and a request to a decision.

`task` guesses what is asked, `filters` drops the offers that cannot serve it,
`score` rates the rest, `chain` orders them to be tried, `savings` compares the
bill with the premium baseline. Nothing here reads a clock, a table or a setting.
"""
