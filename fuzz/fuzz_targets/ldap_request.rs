//! Whatever a client sends: frames, searches and their filters, the values of controls, and what becomes of a
//! filter that was read.
#![no_main]

use annuaire::ldap::filter::{Bounds, translate};
use annuaire::ldap::frame::{Op, RequestDecoder};
use annuaire::ldap::reply::Operation;
use annuaire::ldap::tree::Tree;
use annuaire::ldap::{controls, extended};
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder;

fuzz_target!(|bytes: &[u8]| {
    let bounds = Bounds {
        elements: 256,
        depth: 32,
    };
    let tree = Tree::new("o=mssante,c=fr").expect("a name");
    let mut decoder = RequestDecoder { bounds };
    let mut stream = BytesMut::from(bytes);
    while let Ok(Some(request)) = decoder.decode(&mut stream) {
        assert!(request.id > 0);
        let _ = controls::read(&request.controls, Operation::Search, bounds);
        if let Ok(Op::Search(search)) = request.op {
            translate(&search.filter, &tree);
        }
    }
    let _ = extended::cancel::target(Some(bytes));
});
