"""The rules that judge what models said: pure, for one record and for columns of many."""
