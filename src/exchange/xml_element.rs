//! Elements of an XML document, read strictly in the order of a schema.

use roxmltree::Node;

use super::field::{Unread, excerpt};
use super::{Place, ReadError};

/// The white space of XML.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// An element whose name is known to be right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a, 'i>(Node<'a, 'i>);

impl<'a, 'i> Element<'a, 'i> {
    /// The root element, if its name is `name` and nothing but comments stands beside it.
    pub(super) fn root(document: &'a roxmltree::Document<'i>, name: &str) -> Result<Self, ReadError> {
        if let Some(node) = document.root().children().find(|node| !node.is_element() && !node.is_comment()) {
            return Err(refuse(node, "comments alone beside the root element", content(node)));
        }
        let root = Self(document.root_element());
        root.named(name)?;
        Ok(root)
    }

    /// Its name.
    pub(super) fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    fn named(self, name: &str) -> Result<(), ReadError> {
        let plain = self.0.tag_name().namespace().is_none() && self.0.namespaces().len() == 0;
        if plain && self.name() == name {
            return Ok(());
        }
        let found = if plain { content(self.0) } else { format!("{} in a namespace", content(self.0)) };
        Err(refuse(self.0, format!("the element `{name}`"), found))
    }

    /// A value that is wrong as a whole.
    pub(super) fn refuse(self, expected: impl Into<String>, found: impl Into<String>) -> ReadError {
        refuse(self.0, expected, found)
    }

    /// Reads a required attribute.
    pub(super) fn attribute<T>(self, name: &str, read: impl FnOnce(&str) -> Result<T, Unread>) -> Result<T, ReadError> {
        self.optional_attribute(name, read)?
            .ok_or_else(|| refuse(self.0, format!("the attribute `{name}`"), "an element without it"))
    }

    /// Reads an attribute that may be missing.
    pub(super) fn optional_attribute<T>(
        self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Unread>,
    ) -> Result<Option<T>, ReadError> {
        let Some(attribute) = self.0.attributes().find(|attribute| is_plain(attribute, name)) else { return Ok(None) };
        let wrong = |unread| {
            let place = place(self.0, attribute.range().start);
            ReadError::unread(place, format!("{}@{name}", path(self.0)), unread)
        };
        read(attribute.value()).map(Some).map_err(wrong)
    }

    /// Refuses attributes other than these.
    fn only_attributes(self, names: &[&str]) -> Result<(), ReadError> {
        let known = |attribute: &roxmltree::Attribute<'_, '_>| names.iter().any(|name| is_plain(attribute, name));
        match self.0.attributes().find(|attribute| !known(attribute)) {
            None => Ok(()),
            Some(attribute) => {
                let expected = match names {
                    [] => "no attributes".to_owned(),
                    _ => format!("no attributes but `{}`", names.join("`, `")),
                };
                let found = format!("the attribute `{}`", excerpt(attribute.name()));
                Err(ReadError::at(place(self.0, attribute.range().start), path(self.0), expected, found))
            }
        }
    }

    /// Its child elements, if it has no attributes but these, and no text.
    pub(super) fn children(self, attributes: &[&str]) -> Result<Children<'a, 'i>, ReadError> {
        self.only_attributes(attributes)?;
        let stray = self.0.children().find(|node| match node.text() {
            _ if node.is_element() || node.is_comment() => false,
            Some(text) if node.is_text() => !text.trim_matches(SPACE).is_empty(),
            _ => true,
        });
        if let Some(node) = stray {
            return Err(refuse(node, "elements alone", content(node)));
        }
        Ok(Children { parent: self, next: self.0.first_element_child().map(Self) })
    }

    /// Reads its text, without the white space around it; it has no attributes and no elements inside.
    ///
    /// Comments stand beside the text, never within: who reads the file without a parser shall see what is meant.
    pub(super) fn read<T>(self, read: impl FnOnce(&str) -> Result<T, Unread>) -> Result<T, ReadError> {
        self.only_attributes(&[])?;
        let mut text = "";
        for node in self.0.children().filter(|node| !node.is_comment()) {
            let part = node.text().filter(|_| node.is_text()).map(|part| part.trim_matches(SPACE));
            match part {
                None => return Err(refuse(node, "text alone", content(node))),
                Some("") => {}
                Some(part) if text.is_empty() => text = part,
                Some(_) => return Err(refuse(node, "text in one piece", content(node))),
            }
        }
        read(text).map_err(|unread| ReadError::unread(start(self.0), path(self.0), unread))
    }
}

/// The children of an element, from first to last.
#[derive(Debug)]
pub(super) struct Children<'a, 'i> {
    parent: Element<'a, 'i>,
    next: Option<Element<'a, 'i>>,
}

impl<'a, 'i> Children<'a, 'i> {
    /// The next element, which must have this name.
    pub(super) fn required(&mut self, name: &str) -> Result<Element<'a, 'i>, ReadError> {
        let Some(element) = self.next else {
            let found = format!("the end of `{}`", self.parent.name());
            return Err(self.parent.refuse(format!("the element `{name}`"), found));
        };
        element.named(name)?;
        self.next = element.0.next_sibling_element().map(Element);
        Ok(element)
    }

    /// The next element, if it has this name.
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<Element<'a, 'i>>, ReadError> {
        match self.next {
            Some(element) if element.name() == name => self.required(name).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the text of the next element, which must have this name.
    pub(super) fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, Unread>) -> Result<T, ReadError> {
        self.required(name)?.read(read)
    }

    /// Reads all elements of this name that come next, at least `min` and at most `max`.
    pub(super) fn many<T>(
        &mut self,
        name: &str,
        (min, max): (usize, usize),
        mut read: impl FnMut(Element<'a, 'i>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let mut list = Vec::new();
        loop {
            let next = if list.len() < min { Some(self.required(name)?) } else { self.optional(name)? };
            let Some(element) = next else { return Ok(list) };
            if list.len() >= max {
                return Err(element.refuse(format!("at most {max} elements `{name}`"), "one more"));
            }
            list.push(read(element)?);
        }
    }

    /// The name of the next element, if there is one.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.next.map(Element::name)
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), ReadError> {
        match self.next {
            None => Ok(()),
            Some(element) => {
                let expected = format!("the end of `{}`", self.parent.name());
                Err(element.refuse(expected, content(element.0)))
            }
        }
    }
}

fn is_plain(attribute: &roxmltree::Attribute<'_, '_>, name: &str) -> bool {
    attribute.namespace().is_none() && attribute.name() == name
}

fn refuse(node: Node<'_, '_>, expected: impl Into<String>, found: impl Into<String>) -> ReadError {
    ReadError::at(start(node), path(node), expected, found)
}

fn start(node: Node<'_, '_>) -> Place {
    place(node, node.range().start)
}

fn place(node: Node<'_, '_>, offset: usize) -> Place {
    let position = node.document().text_pos_at(offset);
    Place { line: position.row, column: position.col }
}

/// What a node is, for people.
fn content(node: Node<'_, '_>) -> String {
    if node.is_element() {
        format!("the element `{}`", excerpt(node.tag_name().name()))
    } else if node.is_pi() {
        "a processing instruction".to_owned()
    } else {
        format!("the text `{}`", excerpt(node.text().unwrap_or_default().trim_matches(SPACE)))
    }
}

/// The way from the root element, as `KSR/Request/RequestBundle[2]/Key[1]/TTL`; only made for errors, for it counts.
fn path(node: Node<'_, '_>) -> String {
    let elements: Vec<_> = node.ancestors().filter(Node::is_element).collect();
    let steps: Vec<String> = elements
        .into_iter()
        .rev()
        .map(|element| {
            let name = element.tag_name().name();
            let same = |sibling: &Node<'_, '_>| sibling.is_element() && sibling.tag_name().name() == name;
            let before = element.prev_siblings().skip(1).filter(same).count();
            let counted = before > 0 || element.next_siblings().skip(1).any(|sibling| same(&sibling));
            if counted { format!("{}[{}]", excerpt(name), before + 1) } else { excerpt(name) }
        })
        .collect();
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::field;
    use super::*;

    fn message(text: &str) -> String {
        let document = roxmltree::Document::parse(text).unwrap();
        let read = || {
            let root = Element::root(&document, "R")?;
            let mut children = root.children(&["id"])?;
            let numbers = children.many("N", (1, 3), |element| element.read(field::octet))?;
            children.end()?;
            Ok::<_, ReadError>(numbers)
        };
        read().map_or_else(|error| error.to_string(), |numbers| format!("{numbers:?}"))
    }

    #[test]
    fn reads_xml_as_xml() {
        let text = "<?xml version='1.0'?><!-- a -->\n<R id=\"1\"> <!-- b --> <N> <!-- c -->12\n</N>\n<N>&#51;<!-- d --></N></R><!-- e -->";
        assert_eq!(message(text), "[12, 3]");
    }

    #[test]
    fn names_the_way_to_what_is_wrong() {
        assert_eq!(
            message("<R>\n<N>1</N>\n <N>300</N>\n</R>"),
            "line 3, column 2: R/N[2]: expected a decimal number from 0 to 255; found `300`"
        );
        assert_eq!(message("<R/>"), "line 1, column 1: R: expected the element `N`; found the end of `R`");
        assert_eq!(message("<R><M/></R>"), "line 1, column 4: R/M: expected the element `N`; found the element `M`");
        assert_eq!(
            message("<R><N>1</N><M/></R>"),
            "line 1, column 12: R/M: expected the end of `R`; found the element `M`"
        );
    }

    #[test]
    fn refuses_what_the_schema_does_not_know() {
        for (text, found) in [
            ("<Q/>", "the element `Q`"),
            ("<R x='1'><N>1</N></R>", "no attributes but `id`; found the attribute `x`"),
            ("<R><N x='1'>1</N></R>", "expected no attributes; found the attribute `x`"),
            ("<R>text<N>1</N></R>", "expected elements alone; found the text `text`"),
            ("<R><?pi?><N>1</N></R>", "a processing instruction"),
            ("<R><N>1</N></R><?pi?>", "a processing instruction"),
            ("<R><N><M/></N></R>", "expected text alone; found the element `M`"),
            ("<R><N>1<!-- c -->2</N></R>", "R/N: expected text in one piece; found the text `2`"),
            ("<R><N>1<?pi?></N></R>", "expected text alone; found a processing instruction"),
            ("<R xmlns='urn:x'><N>1</N></R>", "the element `R` in a namespace"),
            ("<R xmlns:x='urn:x'><N>1</N></R>", "in a namespace"),
            ("<R xml:space='preserve'><N>1</N></R>", "the attribute `space`"),
            ("<R><N>1</N><N>1</N><N>1</N><N>1</N></R>", "at most 3 elements `N`"),
        ] {
            let message = message(text);
            assert!(message.contains(found), "{text}: {message}");
        }
    }
}
