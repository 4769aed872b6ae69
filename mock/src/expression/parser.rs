//! From words to a tree. Owns grammar and precedence: `?:` and `? :` bind least, then `OR`, `AND`, `!=` and its like, `+`, `!`, and what
//! follows a value most. Knows no name.

use std::ops::Range;

use super::{
    DEEPEST, Mistake,
    lexer::{Token, Word},
};

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// One more than that of the deepest part.
    depth: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// `{a, b}`.
    List(Vec<Node>),
    /// `{'name': a}`.
    Map(Vec<(String, Node)>),
    Name(String),
    /// `a.name`.
    Member(Box<Node>, String),
    /// `a[b]`.
    Item(Box<Node>, Box<Node>),
    /// `f(a)`, or `a.f(b)` with what is before the dot.
    Call(Option<Box<Node>>, String, Vec<Node>),
    /// `a.![b]`: b of each item of a.
    Projection(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    /// `a ? b : c`.
    Choice(Box<Node>, Box<Node>, Box<Node>),
    /// `a ?: b`.
    Elvis(Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
}

impl Operator {
    /// How closely it binds.
    fn strength(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Equal
            | Operator::Unequal
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => 3,
            Operator::Plus => 4,
        }
    }

    fn of(token: &Token) -> Option<Operator> {
        match token {
            Token::Name(name) if name.eq_ignore_ascii_case("or") => Some(Operator::Or),
            Token::Name(name) if name.eq_ignore_ascii_case("and") => Some(Operator::And),
            Token::Symbol("||") => Some(Operator::Or),
            Token::Symbol("&&") => Some(Operator::And),
            Token::Symbol("==") => Some(Operator::Equal),
            Token::Symbol("!=") => Some(Operator::Unequal),
            Token::Symbol("<") => Some(Operator::Less),
            Token::Symbol("<=") => Some(Operator::LessOrEqual),
            Token::Symbol(">") => Some(Operator::Greater),
            Token::Symbol(">=") => Some(Operator::GreaterOrEqual),
            Token::Symbol("+") => Some(Operator::Plus),
            Token::Text(_) | Token::Integer(_) | Token::Real(_) | Token::Name(_) | Token::Symbol(_) => None,
        }
    }
}

/// The tree of a text of `end` bytes.
pub(super) fn parse(words: &[Word], end: usize) -> Result<Node, Mistake> {
    let mut parser = Parser { words, end, nesting: 0 };
    let node = parser.expression()?;
    match parser.words {
        [] => Ok(node),
        [next, ..] => {
            Err(Mistake { span: next.span.clone(), message: "the expression has ended before this".to_owned() })
        }
    }
}

type Parsed = Result<Node, Mistake>;

struct Parser<'w> {
    /// What is still to be read.
    words: &'w [Word],
    end: usize,
    nesting: usize,
}

impl Parser<'_> {
    /// A choice, or what is a part of one. Every way into a deeper part leads through here or through [`Parser::unary`].
    fn expression(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.binary(1)?;
            if parser.take("?:") {
                let otherwise = parser.expression()?;
                let span = condition.span.start..otherwise.span.end;
                let depth = condition.depth.max(otherwise.depth);
                return node(Kind::Elvis(Box::new(condition), Box::new(otherwise)), span, depth);
            }
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.expect(":")?;
            let no = parser.expression()?;
            let span = condition.span.start..no.span.end;
            let depth = condition.depth.max(yes.depth).max(no.depth);
            node(Kind::Choice(Box::new(condition), Box::new(yes), Box::new(no)), span, depth)
        })
    }

    /// Operators that bind at least so closely, from the left.
    fn binary(&mut self, weakest: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some(operator) = self.words.first().and_then(|word| Operator::of(&word.token)) {
            if operator.strength() < weakest {
                break;
            }
            self.next();
            let right = self.binary(operator.strength() + 1)?;
            let span = left.span.start..right.span.end;
            let depth = left.depth.max(right.depth);
            left = node(Kind::Binary(operator, Box::new(left), Box::new(right)), span, depth)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.here().start;
        let kind: fn(Box<Node>) -> Kind = if self.take("!") {
            Kind::Not
        } else if self.take("-") {
            Kind::Negative
        } else {
            return self.postfix();
        };
        let operand = self.deeper(Parser::unary)?;
        let (span, depth) = (start..operand.span.end, operand.depth);
        node(kind(Box::new(operand)), span, depth)
    }

    /// A value and what is asked of it.
    fn postfix(&mut self) -> Parsed {
        let mut subject = self.primary()?;
        loop {
            let start = subject.span.start;
            subject = if self.take(".![") {
                let each = self.expression()?;
                let span = start..self.expect("]")?.end;
                let depth = subject.depth.max(each.depth);
                node(Kind::Projection(Box::new(subject), Box::new(each)), span, depth)?
            } else if self.take("[") {
                let place = self.expression()?;
                let span = start..self.expect("]")?.end;
                let depth = subject.depth.max(place.depth);
                node(Kind::Item(Box::new(subject), Box::new(place)), span, depth)?
            } else if self.take(".") {
                let (name, at) = self.name()?;
                if self.take("(") {
                    self.call(Some(subject), name, start)?
                } else {
                    let depth = subject.depth;
                    node(Kind::Member(Box::new(subject), name), start..at.end, depth)?
                }
            } else {
                return Ok(subject);
            };
        }
    }

    fn primary(&mut self) -> Parsed {
        let Some(Word { token, span }) = self.next() else { return Err(self.cut_short()) };
        let (start, end) = (span.start, span.end);
        let kind = match token {
            Token::Text(text) => Kind::Text(text.clone()),
            Token::Integer(number) => Kind::Integer(*number),
            Token::Real(number) => Kind::Real(*number),
            Token::Name(name) if self.take("(") => return self.call(None, name.clone(), start),
            Token::Name(name) => match name.to_ascii_lowercase().as_str() {
                "null" => Kind::Null,
                "true" => Kind::Boolean(true),
                "false" => Kind::Boolean(false),
                _ => Kind::Name(name.clone()),
            },
            Token::Symbol("(") => {
                let inner = self.expression()?;
                let span = start..self.expect(")")?.end;
                return Ok(Node { span, ..inner });
            }
            Token::Symbol("{") => return self.braces(start),
            Token::Symbol(symbol) => {
                return Err(Mistake { span: start..end, message: format!("a value is expected, not `{symbol}`") });
            }
        };
        node(kind, start..end, 0)
    }

    /// What is behind the opening parenthesis of a call.
    fn call(&mut self, subject: Option<Node>, name: String, start: usize) -> Parsed {
        let (arguments, end) = self.list(")", Parser::expression)?;
        let depth = deepest(arguments.iter().chain(&subject));
        node(Kind::Call(subject.map(Box::new), name, arguments), start..end, depth)
    }

    /// A list or a map, behind its brace. The empty map is `{:}` (`SpEL`).
    fn braces(&mut self, start: usize) -> Parsed {
        if self.take(":") {
            let end = self.expect("}")?.end;
            return node(Kind::Map(Vec::new()), start..end, 0);
        }
        let is_map = matches!(self.words, [_, Word { token: Token::Symbol(":"), .. }, ..]);
        if is_map {
            let (members, end) = self.list("}", Parser::member)?;
            let depth = deepest(members.iter().map(|(_, value)| value));
            node(Kind::Map(members), start..end, depth)
        } else {
            let (items, end) = self.list("}", Parser::expression)?;
            let depth = deepest(&items);
            node(Kind::List(items), start..end, depth)
        }
    }

    fn member(&mut self) -> Result<(String, Node), Mistake> {
        let name = if let [Word { token: Token::Text(text), .. }, ..] = self.words {
            self.next();
            text.clone()
        } else {
            self.name()?.0
        };
        self.expect(":")?;
        Ok((name, self.expression()?))
    }

    /// Parts between commas up to `close`, and where that ends.
    fn list<T>(
        &mut self,
        close: &'static str,
        part: impl Fn(&mut Self) -> Result<T, Mistake>,
    ) -> Result<(Vec<T>, usize), Mistake> {
        let mut parts = Vec::new();
        let here = self.here();
        if self.take(close) {
            return Ok((parts, here.end));
        }
        loop {
            parts.push(part(self)?);
            if !self.take(",") {
                return Ok((parts, self.expect(close)?.end));
            }
        }
    }

    fn name(&mut self) -> Result<(String, Range<usize>), Mistake> {
        match self.next() {
            Some(Word { token: Token::Name(name), span }) => Ok((name.clone(), span.clone())),
            Some(Word { span, .. }) => Err(Mistake { span: span.clone(), message: "a name is expected".to_owned() }),
            None => Err(self.cut_short()),
        }
    }

    fn expect(&mut self, symbol: &'static str) -> Result<Range<usize>, Mistake> {
        let span = self.here();
        if self.take(symbol) { Ok(span) } else { Err(Mistake { span, message: format!("`{symbol}` is expected") }) }
    }

    /// Takes the next word if it is this symbol.
    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.words.first().is_some_and(|word| word.token == Token::Symbol(symbol));
        if found {
            self.next();
        }
        found
    }

    /// Where the next word is.
    fn here(&self) -> Range<usize> {
        self.words.first().map_or(self.end..self.end, |word| word.span.clone())
    }

    fn cut_short(&self) -> Mistake {
        Mistake { span: self.here(), message: "the expression ends too early".to_owned() }
    }

    fn deeper(&mut self, part: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            return Err(too_deep(self.here()));
        }
        let parsed = part(self);
        self.nesting -= 1;
        parsed
    }
}

impl<'w> Parser<'w> {
    fn next(&mut self) -> Option<&'w Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

fn deepest<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> usize {
    nodes.into_iter().map(|node| node.depth).max().unwrap_or_default()
}

/// A part whose own parts are at most so deep. A row of operators is deep as well, without any nesting.
fn node(kind: Kind, span: Range<usize>, below: usize) -> Parsed {
    let depth = below + 1;
    if depth > DEEPEST { Err(too_deep(span)) } else { Ok(Node { kind, span, depth }) }
}

fn too_deep(span: Range<usize>) -> Mistake {
    Mistake { span, message: format!("an expression has at most {DEEPEST} parts in one another") }
}
