#![no_main]

pforte_fuzz::target!(token_response);
