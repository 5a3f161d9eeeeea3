#![no_main]

pforte_fuzz::target!(vault_inbox);
