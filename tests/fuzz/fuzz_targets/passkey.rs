#![no_main]

pforte_fuzz::target!(passkey);
