#![no_main]

pforte_fuzz::target!(consent_payload);
