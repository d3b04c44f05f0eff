//! Exclusive XML canonicalisation without comments, for documents of plain elements, attributes and texts: no
//! document type, no processing instruction, no `xml:` attribute. A document beyond that is refused.
//!
//! Source: W3C, "Exclusive XML Canonicalization 1.0", and "Canonical XML 1.0" for the rest.

use std::collections::BTreeMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::xml::resolve;

/// Deepest element.
const MAX_DEPTH: usize = 32;
/// Most attributes of one element, declarations of namespaces included.
const MAX_ATTRIBUTES: usize = 64;
/// Namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What is canonicalised of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All but the signatures directly below the root (the enveloped-signature transform).
    Unsigned,
    /// The `SignedInfo` of the signature directly below the root.
    SignedInfo,
}

/// One open element.
struct Frame {
    name: String,
    /// Prefix → namespace, as the document declares them here and above.
    declared: BTreeMap<String, String>,
    /// Prefix → namespace, as already written in the canonical form.
    written: BTreeMap<String, String>,
    /// Whether the element is part of what is canonicalised.
    kept: bool,
    /// Whether it is the signature, directly below the root.
    is_signature: bool,
}

/// Writes the canonical form of a part of a document.
pub fn canonical(document: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut reader = Reader::from_reader(document);
    reader.config_mut().expand_empty_elements = true;
    let mut out = Vec::with_capacity(document.len());
    let mut frames: Vec<Frame> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let kept = frames.last().is_some_and(|frame| frame.kept);
        match event {
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => {
                return Err("a document type or processing instruction".to_owned());
            }
            Event::Start(start) => {
                if frames.len() >= MAX_DEPTH {
                    return Err("elements nested too deep".to_owned());
                }
                let frame = open(&start, &frames, part, &mut out)?;
                frames.push(frame);
            }
            Event::End(_) => {
                let frame = frames.pop().ok_or("an end without a start")?;
                if frame.kept {
                    out.extend_from_slice(format!("</{}>", frame.name).as_bytes());
                }
            }
            Event::Text(text) if kept => escape_text(&text.xml10_content(), &mut out),
            Event::CData(text) if kept => escape_text(&text.xml10_content(), &mut out),
            Event::GeneralRef(reference) if kept => {
                let text = resolve(&reference).ok_or("an entity that XML does not define")?;
                escape_text(&text, &mut out);
            }
            _ => {}
        }
    }
    if frames.is_empty() {
        Ok(out)
    } else {
        Err("the document ends before its last tag".to_owned())
    }
}

fn open(start: &BytesStart<'_>, frames: &[Frame], part: Part, out: &mut Vec<u8>) -> Result<Frame, String> {
    let name = start.name().as_ref().to_owned();
    let (above, above_written, above_kept) = match frames.last() {
        Some(frame) => (frame.declared.clone(), frame.written.clone(), frame.kept),
        None => (BTreeMap::new(), BTreeMap::new(), part == Part::Unsigned),
    };
    let mut frame = Frame {
        name,
        declared: above,
        written: above_written,
        kept: above_kept,
        is_signature: false,
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?
            .into_owned();
        let key = attribute.key.as_ref().to_owned();
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err("an element with more than 64 attributes".to_owned());
        }
        if key == "xmlns" {
            frame.declared.insert(String::new(), value);
        } else if let Some(prefix) = key.strip_prefix("xmlns:") {
            frame.declared.insert(prefix.to_owned(), value);
        } else if key.starts_with("xml:") {
            return Err("an xml: attribute".to_owned());
        } else {
            attributes.push((key, value));
        }
    }
    let (prefix, local) = split(&frame.name);
    let namespace = frame.declared.get(prefix).map_or("", String::as_str);
    let is_below_signature = frames.last().is_some_and(|above| above.is_signature);
    match (frames.len(), local, namespace) {
        (1, "Signature", DSIG) => {
            frame.is_signature = true;
            frame.kept &= part != Part::Unsigned;
        }
        // Of the signature alone: anywhere else it would be what another list was signed with.
        (2, "SignedInfo", DSIG) if is_below_signature => frame.kept |= part == Part::SignedInfo,
        _ => {}
    }
    if frame.kept {
        write_start(&mut frame, attributes, out)?;
    }
    Ok(frame)
}

/// Writes a start tag: the namespaces that it visibly uses and that are not written yet, then its attributes
/// by namespace and name.
fn write_start(
    frame: &mut Frame,
    attributes: Vec<(String, String)>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    let mut sorted: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    let namespace = |prefix: &str| match frame.declared.get(prefix) {
        Some(namespace) => Ok(namespace.clone()),
        None if prefix.is_empty() => Ok(String::new()),
        None => Err(format!("the prefix {prefix} is not declared")),
    };
    let (own, _) = split(&frame.name);
    used.insert(own.to_owned(), namespace(own)?);
    for (key, value) in attributes {
        let (prefix, local) = split(&key);
        let mut of = String::new();
        if !prefix.is_empty() {
            of = namespace(prefix)?;
            used.insert(prefix.to_owned(), of.clone());
        }
        let place = (of, local.to_owned());
        if sorted.insert(place, (key, value)).is_some() {
            return Err("an attribute given twice".to_owned());
        }
    }
    out.push(b'<');
    out.extend_from_slice(frame.name.as_bytes());
    for (prefix, namespace) in used {
        let written = frame.written.get(&prefix).map_or("", String::as_str);
        if written == namespace {
            continue;
        }
        let key = if prefix.is_empty() {
            "xmlns".to_owned()
        } else {
            format!("xmlns:{prefix}")
        };
        write_attribute(&key, &namespace, out);
        frame.written.insert(prefix, namespace);
    }
    for (key, value) in sorted.into_values() {
        write_attribute(&key, &value, out);
    }
    out.push(b'>');
    Ok(())
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn write_attribute(key: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"=\"");
    for byte in value.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\t' => out.extend_from_slice(b"&#x9;"),
            b'\n' => out.extend_from_slice(b"&#xA;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            other => out.push(other),
        }
    }
    out.push(b'"');
}

fn escape_text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(document: &str) -> String {
        String::from_utf8(canonical(document.as_bytes(), Part::Unsigned).unwrap()).unwrap()
    }

    #[test]
    fn tags_attributes_and_references_take_their_one_form() {
        assert_eq!(
            whole(
                "<?xml version='1.0'?>\n<a  z='1'\n b=\"x&#10;&quot;'\"><!-- no --><e/>&#13;&gt;<![CDATA[<&]]>\r\n</a>\n"
            ),
            "<a b=\"x&#xA;&quot;'\" z=\"1\"><e></e>&#xD;&gt;&lt;&amp;\n</a>"
        );
    }

    #[test]
    fn namespaces_are_written_where_they_are_first_used() {
        assert_eq!(
            whole(
                "<a xmlns='u' xmlns:p='v' xmlns:unused='w'><p:b p:x='1' y='2'><p:c/></p:b><d xmlns=''/></a>"
            ),
            "<a xmlns=\"u\"><p:b xmlns:p=\"v\" y=\"2\" p:x=\"1\"><p:c></p:c></p:b><d xmlns=\"\"></d></a>"
        );
    }

    #[test]
    fn the_signature_is_left_out_and_its_signed_info_stands_alone() {
        let document = format!(
            "<a xmlns='u'>t<s:Signature xmlns:s='{DSIG}'><s:SignedInfo><s:X/></s:SignedInfo></s:Signature></a>"
        );
        assert_eq!(whole(&document), "<a xmlns=\"u\">t</a>");
        assert_eq!(
            canonical(document.as_bytes(), Part::SignedInfo).unwrap(),
            format!("<s:SignedInfo xmlns:s=\"{DSIG}\"><s:X></s:X></s:SignedInfo>").into_bytes()
        );
    }

    #[test]
    fn what_lies_beyond_the_subset_is_refused() {
        for document in [
            "<!DOCTYPE a><a/>",
            "<a><?p i?></a>",
            "<p:a/>",
            "<a>&b;</a>",
            "<a xml:lang='fr'/>",
            "<a>",
            "<a x='1' x='2'/>",
        ] {
            assert!(
                canonical(document.as_bytes(), Part::Unsigned).is_err(),
                "{document}"
            );
        }
    }

    /// Trees written in many ways: the second text differs from the first by what canonicalisation takes away.
    fn tree() -> impl Strategy<Value = (String, String)> {
        let text = "[a-zé<>&\"' \n\r]{0,8}";
        let leaf = text.prop_map(|text| {
            let escaped: String = text.chars().map(|c| format!("&#{};", u32::from(c))).collect();
            let plain = text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('\r', "&#xD;");
            (plain.replace('>', "&gt;"), escaped)
        });
        leaf.prop_recursive(4, 24, 3, |inner| {
            (proptest::collection::vec(inner, 0..3), "[a-c]", "[a-z \"&<]{0,4}").prop_map(
                |(children, name, value)| {
                    let value = value
                        .replace('&', "&amp;")
                        .replace('<', "&lt;")
                        .replace('"', "&quot;");
                    let (one, two): (Vec<_>, Vec<_>) = children.into_iter().unzip();
                    (
                        format!("<{name} x=\"{value}\" y=\"\">{}</{name}>", one.concat()),
                        format!(
                            "<{name}\n y=''  x=\"{value}\" ><!--c-->{}</{name} >",
                            two.concat()
                        ),
                    )
                },
            )
        })
        .prop_map(|(one, two)| {
            (
                format!("<r>{one}</r>"),
                format!("<?xml version=\"1.0\"?><r >{two}</r>\n"),
            )
        })
    }

    proptest! {
        #[test]
        fn one_tree_has_one_form_and_that_form_is_its_own((one, two) in tree()) {
            let canonical_form = whole(&one);
            prop_assert_eq!(&canonical_form, &whole(&two));
            prop_assert_eq!(&canonical_form, &whole(&canonical_form));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = canonical(&bytes, Part::Unsigned);
        }
    }
}
