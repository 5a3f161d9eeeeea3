#![no_main]

pforte_fuzz::target!(id_token);
