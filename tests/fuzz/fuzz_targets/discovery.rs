#![no_main]

pforte_fuzz::target!(discovery);
