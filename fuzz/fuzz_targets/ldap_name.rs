//! Distinguished names, which are read again as they are written; certificates' names.
#![no_main]

use annuaire::ldap::dn::Dn;
use annuaire::ldap::tree::Tree;
use annuaire::server::certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    certificate::names(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(name) = Dn::parse(text) {
        let tree = Tree::new("o=mssante,c=fr").expect("a name");
        tree.find(&name);
        // Writing may make a name longer than names may be.
        if let Ok(again) = Dn::parse(&name.to_string()) {
            assert_eq!(again, name);
        }
    }
});
