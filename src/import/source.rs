//! The set of input files: what each holds, and whose it is: of which account, in which region. Decodes no resource.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use rustc_hash::{FxHashMap, FxHashSet};

use super::kind::{BESIDE, KINDS, Kind, VPC_ATTRIBUTE, is_vpc_attribute, kind_of_id, kind_of_item, kind_of_key};
use super::ledger::{FileProblems, Ledger, Place};
use crate::base::{AccountId, RegionName};
use crate::notation::decode::brief;
use crate::notation::{Map, Node, Problem, Source, Span, Value, parse_json, source_of_bytes};

/// A file to import, as somebody else has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its path, as it is shown; folders in it may name a region or an account.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A file of the folder that is no answer, and is left aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why it is left aside.
    pub why: String,
}

impl InputFile {
    /// A file from its bytes.
    ///
    /// # Errors
    /// The bytes are no UTF-8.
    pub fn of_bytes(path: &str, bytes: Vec<u8>) -> Result<Self, FileProblems> {
        match source_of_bytes(path, bytes) {
            Ok(source) => Ok(Self { path: path.to_owned(), text: source.text.to_string() }),
            Err((source, problem)) => Err(FileProblems { source, problems: vec![problem], of_folder: false }),
        }
    }

    /// Whether a file can be an answer, by its name and its first bytes; one with another name has to look like JSON.
    pub fn can_be(path: &str, beginning: &[u8]) -> bool {
        let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        let looks = text.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        is_named_json(path)
            || looks
            || matches!(beginning, [0xff, 0xfe, b'{' | b'[', ..] | [0xfe, 0xff, 0, b'{' | b'[', ..])
    }
}

fn is_named_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}

/// A file's place among the input files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) usize);

/// The list of items that one file has under one key.
#[derive(Copy, Clone, Debug)]
pub(crate) struct AnswerList {
    pub(crate) file: FileId,
    pub(crate) kind: &'static Kind,
    /// The place of the top-level key; of the whole, without one.
    pub(crate) place: Place,
    entry: Option<usize>,
}

/// Where a file belongs, as far as that could be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) account: Option<AccountId>,
    pub(crate) region: Option<RegionName>,
}

/// All input files, parsed.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) files: Vec<(Source, Option<Node>)>,
    pub(crate) lists: Vec<AnswerList>,
    pub(crate) homes: Vec<Home>,
    /// Files that are no answers.
    pub(crate) skipped: Vec<Skipped>,
    /// Kinds of which a file could not be read, so that ids of them that nobody describes are no problem of their own.
    pub(crate) unreadable: BTreeSet<&'static str>,
}

impl Library {
    /// Parses the files and finds out what they hold and whose they are.
    pub(crate) fn read(files: Vec<InputFile>, given: &Home, ledger: &mut Ledger) -> Self {
        let (skipped, unreadable) = (Vec::new(), BTreeSet::new());
        let mut library = Self { files: Vec::new(), lists: Vec::new(), homes: Vec::new(), skipped, unreadable };
        for InputFile { path, text } in files {
            let source = Source::new(path, text);
            let (root, problems) = parse_json(&source);
            let torn = if root.is_none() { kind_of_torn(&source) } else { None };
            if root.is_none() && torn.is_none() && !is_named_json(&source.name) {
                library.skip(&source.name, "it is not JSON".to_owned());
                continue;
            }
            for problem in problems {
                ledger.push(FileId(library.files.len()), problem);
            }
            library.unreadable.extend(torn);
            library.files.push((source, root));
        }
        for index in 0..library.files.len() {
            library.sort_out(FileId(index), ledger);
        }
        library.find_homes(given, ledger);
        library.last_pages(ledger);
        library
    }

    fn skip(&mut self, path: &str, why: String) {
        self.skipped.push(Skipped { path: path.to_owned(), why });
    }

    /// The items of a list.
    pub(crate) fn items(&self, list: &AnswerList) -> &[Node] {
        let Some(root) = &self.files[list.file.0].1 else { return &[] };
        let node = match (list.entry, &root.value) {
            (Some(entry), Value::Map(map)) => &map.entries[entry].value,
            (Some(_) | None, _) => root,
        };
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            Value::Map(_) | Value::Scalar(_) => slice::from_ref(node),
        }
    }

    /// The folder of all files of a home, as a problem names it.
    pub(crate) fn folder(&self, home: &Home) -> String {
        let mut paths =
            self.homes.iter().zip(&self.files).filter(|(own, _)| *own == home).map(|(_, (file, _))| &*file.name);
        let first = folder_of(paths.next().unwrap_or_default()).to_owned();
        let common = paths.fold(first, |common, path| {
            let mut folder = common.as_str();
            while !folder.is_empty() && !path.starts_with(&format!("{folder}/")) {
                folder = folder_of(folder);
            }
            folder.to_owned()
        });
        if common.is_empty() { "these files".to_owned() } else { common }
    }

    /// The name of a file.
    pub(crate) fn name(&self, file: FileId) -> &str {
        &self.files[file.0].0.name
    }

    /// Finds the lists of one file.
    fn sort_out(&mut self, file: FileId, ledger: &mut Ledger) {
        let Some(root) = &self.files[file.0].1 else { return };
        let whole = Place { file, span: root.span };
        match &root.value {
            Value::Map(map) if is_vpc_attribute(map) => {
                self.lists.push(AnswerList { file, kind: &VPC_ATTRIBUTE, place: whole, entry: None });
            }
            Value::Map(map) => match kind_of_item(root).filter(|_| !map.entries.iter().any(|e| is_known(&e.key))) {
                Some(kind) => self.lists.push(AnswerList { file, kind, place: whole, entry: None }),
                None if is_answer(map) => {
                    let lists = lists_of(file, map, ledger);
                    self.lists.extend(lists);
                }
                None => {
                    let keys: Vec<String> =
                        map.entries.iter().take(KEYS_SHOWN).map(|e| format!("`{}`", brief(&e.key))).collect();
                    let why = format!("none of its keys is of an answer that is known: {}", keys.join(", "));
                    let why = if keys.is_empty() { "it is an empty map".to_owned() } else { why };
                    self.skip(&self.name(file).to_owned(), why);
                }
            },
            Value::List(items) => match items.iter().find_map(kind_of_item) {
                Some(kind) => self.lists.push(AnswerList { file, kind, place: whole, entry: None }),
                None => {
                    let why = "it is a list of something that no known call answers".to_owned();
                    self.skip(&self.name(file).to_owned(), why);
                }
            },
            Value::Null => self.skip(&self.name(file).to_owned(), "it says nothing".to_owned()),
            Value::Scalar(_) => {
                let why = format!("it is no answer of a describe call, but {}", root.kind());
                self.skip(&self.name(file).to_owned(), why);
            }
        }
    }

    /// An answer in pages ends with one that names no next page; without that one, something may be missing.
    fn last_pages(&self, ledger: &mut Ledger) {
        let mut pages: BTreeMap<(String, &str), (Option<Place>, bool)> = BTreeMap::new();
        for list in self.lists.iter().filter(|list| list.entry.is_some()) {
            let map = self.files[list.file.0].1.as_ref().and_then(Node::as_map);
            let token = map.and_then(|map| map.get("NextToken").or_else(|| map.get("nextToken")));
            let token = token.filter(|token| token.as_text().is_some_and(|text| !text.is_empty()));
            let home = format!("{:?}", self.homes[list.file.0]);
            let (at, ends) = pages.entry((home, list.kind.key)).or_default();
            match token {
                Some(token) => *at = at.or(Some(Place { file: list.file, span: token.span })),
                None => *ends = true,
            }
        }
        for ((_, key), (at, ends)) in pages {
            if let (Some(at), false) = (at, ends) {
                let problem =
                    Problem::warning(at.span, format!("the {key} go on behind this, and no file is their last page"));
                ledger.push(
                    at.file,
                    problem.help("let the AWS CLI fetch all pages: leave `--max-items` and `--no-paginate` out"),
                );
            }
        }
    }

    /// Gives each file its account and region: by its path, by what stands in it, by ids that it shares with a file
    /// whose home is known, by its folder, by all the files together, and at last as the caller says.
    fn find_homes(&mut self, given: &Home, ledger: &mut Ledger) {
        self.homes = self.files.iter().map(|(source, _)| home_of_path(&source.name)).collect();
        for index in 0..self.files.len() {
            self.look_inside(FileId(index), ledger);
        }
        self.join_by_ids();
        let folders: Vec<&str> = self.files.iter().map(|(source, _)| folder_of(&source.name)).collect();
        let regions = filled(self.homes.iter().map(|home| &home.region), &folders);
        let accounts = filled(self.homes.iter().map(|home| &home.account), &folders);
        for ((home, region), account) in self.homes.iter_mut().zip(regions).zip(accounts) {
            home.region = region.or_else(|| given.region.clone());
            home.account = account.or_else(|| given.account.clone());
        }
        let matters = |index: usize| self.lists.iter().any(|list| list.file.0 == index && !self.items(list).is_empty());
        let lost: Vec<usize> =
            (0..self.homes.len()).filter(|index| self.homes[*index].region.is_none() && matters(*index)).collect();
        // Where no file tells its region, that is one problem.
        let none = lost.len() == self.homes.iter().enumerate().filter(|(index, _)| matters(*index)).count();
        let shown = if none { 1 } else { lost.len() };
        for index in lost.into_iter().take(shown) {
            let span = self.files[index].1.as_ref().map_or(Span::default(), |root| root.span);
            let whose = if none { "these files are" } else { "this file is" };
            let problem = Problem::error(span, format!("cannot tell which region {whose} of"));
            let help = "put it into a folder with the region's name, or say `--region`";
            ledger.push(FileId(index), problem.help(help));
        }
    }

    /// What the items of a file say about their home.
    fn look_inside(&mut self, file: FileId, ledger: &mut Ledger) {
        let mut regions: BTreeMap<RegionName, Span> = BTreeMap::new();
        let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
        for list in self.lists.iter().filter(|list| list.file == file) {
            for map in self.items(list).iter().filter_map(Node::as_map) {
                if list.kind.key != "VpcPeeringConnections" {
                    for (region, span) in
                        map.entries.iter().filter_map(|entry| region_of_entry(&entry.key, &entry.value))
                    {
                        regions.entry(region).or_insert(span);
                    }
                }
                accounts.extend(["OwnerId", "NetworkInterfaceOwnerId"].iter().filter_map(|key| account_of(map, key)));
            }
        }
        let home = &mut self.homes[file.0];
        let mut told = regions.iter();
        match (&home.region, told.next(), told.next()) {
            (Some(folder), Some((region, span)), _) if region != folder => {
                let message = format!("this says {region}, but the file's folder says {folder}");
                ledger.warning(Place { file, span: *span }, message);
            }
            (None, Some((first, _)), Some((second, span))) => {
                let message = format!("this file holds items of {first} and of {second}: one region a file");
                ledger.error(Place { file, span: *span }, message);
                home.region = Some(first.clone());
            }
            (None, Some((region, _)), None) => home.region = Some(region.clone()),
            (None, None, _) | (Some(_), _, _) => {}
        }
        if home.account.is_none() && accounts.len() == 1 {
            home.account = accounts.into_iter().next();
        }
    }

    /// A file that names a VPC of a file whose home is known is at home there, too.
    fn join_by_ids(&mut self) {
        let open = |home: &Home| home.region.is_none() || home.account.is_none();
        if !self.homes.iter().any(open) {
            return;
        }
        let ids: Vec<FxHashSet<&str>> = (0..self.files.len()).map(|index| self.ids_in(FileId(index))).collect();
        let mut homes = self.homes.clone();
        // Each round settles at least one file or ends; a chain of files settles one a round.
        for _ in 0..self.files.len() {
            let mut regions: FxHashMap<&str, &RegionName> = FxHashMap::default();
            let mut accounts: FxHashMap<&str, &AccountId> = FxHashMap::default();
            for (home, ids) in homes.iter().zip(&ids) {
                regions.extend(home.region.iter().flat_map(|region| ids.iter().map(move |id| (*id, region))));
                accounts.extend(home.account.iter().flat_map(|account| ids.iter().map(move |id| (*id, account))));
            }
            let mut next = homes.clone();
            for (home, ids) in next.iter_mut().zip(&ids).filter(|(home, _)| open(home)) {
                let mut sorted: Vec<&&str> = ids.iter().collect();
                sorted.sort_unstable();
                let region = sorted.iter().find_map(|id| regions.get(**id));
                let account = sorted.iter().find_map(|id| accounts.get(**id));
                home.region = home.region.take().or_else(|| region.map(|region| (*region).clone()));
                home.account = home.account.take().or_else(|| account.map(|account| (*account).clone()));
            }
            let settled = next == homes;
            homes = next;
            if settled {
                break;
            }
        }
        self.homes = homes;
    }

    /// All ids of resources that stand in a file, but not in its peerings, whose other side may be anywhere.
    fn ids_in(&self, file: FileId) -> FxHashSet<&str> {
        let mut ids = FxHashSet::default();
        let lists = self.lists.iter().filter(|list| list.file == file && list.kind.key != "VpcPeeringConnections");
        let mut open: Vec<&Node> = lists.flat_map(|list| self.items(list)).collect();
        while let Some(node) = open.pop() {
            match &node.value {
                Value::List(items) => open.extend(items),
                Value::Map(map) => open.extend(map.entries.iter().map(|entry| &entry.value)),
                Value::Scalar(scalar)
                    if ["vpc-", "subnet-", "eni-", "i-"].iter().any(|p| scalar.text.starts_with(p)) =>
                {
                    ids.insert(scalar.text.as_str());
                }
                Value::Scalar(_) | Value::Null => {}
            }
        }
        ids
    }
}

/// The lists that stand under the top-level keys of a file.
fn lists_of(file: FileId, map: &Map, ledger: &mut Ledger) -> Vec<AnswerList> {
    let mut lists = Vec::new();
    for (index, entry) in map.entries.iter().enumerate() {
        let place = Place { file, span: entry.key_span };
        let Some(kind) = kind_of_key(&entry.key) else {
            if !BESIDE.contains(&entry.key.as_str()) {
                let problem = Problem::warning(place.span, "unknown top-level key: nothing is read from it");
                let known = KINDS.iter().map(|kind| kind.key);
                ledger.push(file, problem.did_you_mean(&entry.key, known));
            }
            continue;
        };
        match &entry.value.value {
            Value::List(_) | Value::Null => lists.push(AnswerList { file, kind, place, entry: Some(index) }),
            Value::Map(_) | Value::Scalar(_) => {
                let at = Place { file, span: entry.value.span };
                ledger.error(at, format!("expected a list, found {}", entry.value.kind()));
            }
        }
    }
    lists
}

fn is_known(key: &str) -> bool {
    kind_of_key(key).is_some()
}

/// Whether a map has a key of a known answer, or one that is probably meant as such.
fn is_answer(map: &Map) -> bool {
    let known = || KINDS.iter().map(|kind| kind.key);
    let is_near = |key: &str| !Problem::warning(Span::default(), "").did_you_mean(key, known()).help.is_empty();
    map.entries.iter().any(|entry| is_known(&entry.key) || (entry.value.as_list().is_some() && is_near(&entry.key)))
}

/// How many keys of a file that is no answer are shown.
const KEYS_SHOWN: usize = 3;

/// What a file would hold if it could be read: its first key, looked for in the bare text.
fn kind_of_torn(source: &Source) -> Option<&'static str> {
    let first_key = source.text.split('"').nth(1).unwrap_or_default();
    let by_id = || source.text.split('"').find_map(kind_of_id);
    kind_of_key(first_key).or_else(by_id).or_else(|| kind_of_name(&source.name)).map(|kind| kind.key)
}

/// What a file should hold by its name: that of the key, or of the call.
fn kind_of_name(path: &str) -> Option<&'static Kind> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let name = plain(path.rsplit(['/', '\\']).next()?.split('.').next()?);
    let call = |kind: &Kind| plain(kind.call.rsplit(' ').next().unwrap_or_default());
    let fits = |kind: &&Kind| name == plain(kind.key) || name == call(kind) || format!("describe{name}") == call(kind);
    KINDS.iter().find(fits)
}

/// Fills the gaps of `known`: by the one value of the same folder, else by the one value of all.
fn filled<'a, T: Clone + Ord + 'a>(known: impl Iterator<Item = &'a Option<T>>, folders: &[&str]) -> Vec<Option<T>> {
    let known: Vec<&Option<T>> = known.collect();
    let mut by_folder: BTreeMap<&str, BTreeSet<&T>> = BTreeMap::new();
    for (value, folder) in known.iter().zip(folders) {
        if let Some(value) = value {
            by_folder.entry(folder).or_default().insert(value);
        }
    }
    let all: BTreeSet<&T> = known.iter().copied().flatten().collect();
    let only = |values: &BTreeSet<&T>| if values.len() == 1 { values.first().map(|one| (*one).clone()) } else { None };
    let fill = |(value, folder): (&&Option<T>, &&str)| {
        (*value).clone().or_else(|| by_folder.get(*folder).and_then(only)).or_else(|| only(&all))
    };
    known.iter().zip(folders).map(fill).collect()
}

fn folder_of(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |end| &path[..end])
}

/// What the folders and the name of a file say.
fn home_of_path(path: &str) -> Home {
    let mut home = Home::default();
    for part in path.split(['/', '\\']) {
        for word in part.split(['.', '_', ' ']) {
            home.account = AccountId::parse(word).or(home.account);
            home.region = region_in(word).or(home.region);
        }
    }
    home
}

/// The region in a text such as `us-east-1`, `us-east-1a` or `vpcs-us-east-1`.
pub(crate) fn region_in(text: &str) -> Option<RegionName> {
    let parts: Vec<&str> = text.split('-').collect();
    for start in 0..parts.len() {
        let is_place = FIRST.contains(&parts[start]);
        let words = parts[start + 1..].iter().take_while(|part| MIDDLE.contains(part)).count();
        let Some(last) = parts.get(start + 1 + words).filter(|_| is_place && 0 < words) else { continue };
        let digits: String = last.chars().take_while(char::is_ascii_digit).collect();
        let name = format!("{}-{digits}", parts[start..=start + words].join("-"));
        if let Some(region) = RegionName::parse(&name).filter(|_| !digits.is_empty()) {
            return Some(region);
        }
    }
    None
}

/// The first and the middle words of region names; the form alone would take `route-tables-2` for one.
const FIRST: [&str; 11] = ["af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us"];
const MIDDLE: [&str; 16] = [
    "central",
    "de",
    "east",
    "gov",
    "iso",
    "isob",
    "isoe",
    "isof",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
    "b",
];

/// What one entry of an item says about its region.
fn region_of_entry(key: &str, value: &Node) -> Option<(RegionName, Span)> {
    let text = value.as_text()?;
    let region = match key {
        "AvailabilityZone" | "RegionName" | "ZoneName" | "NetworkBorderGroup" => region_in(text),
        "SubnetArn" | "SecurityGroupArn" | "PrefixListArn" | "OwnerArn" => text.split(':').nth(3).and_then(region_in),
        "PrefixListName" | "ServiceName" => {
            text.strip_prefix("com.amazonaws.").and_then(|rest| rest.split('.').next()).and_then(region_in)
        }
        _ => None,
    };
    region.map(|region| (region, value.span))
}

fn account_of(map: &Map, key: &str) -> Option<AccountId> {
    AccountId::parse(map.get(key)?.as_text()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> (Library, Vec<String>) {
        let mut ledger = Ledger::default();
        let files = files.iter().map(|(path, text)| InputFile { path: (*path).to_owned(), text: (*text).to_owned() });
        let library = Library::read(files.collect(), &Home::default(), &mut ledger);
        let problems = ledger.into_files(&library.files);
        let shown = problems.iter().flat_map(|file| {
            file.problems.iter().map(|problem| {
                let (line, column) = file.source.line_column(problem.span.start);
                format!("{}:{line}:{column} {}", file.source.name, problem.message)
            })
        });
        let shown = shown.collect();
        (library, shown)
    }

    fn home(library: &Library, index: usize) -> (Option<&str>, Option<&str>) {
        let home = &library.homes[index];
        (home.account.as_ref().map(AccountId::as_str), home.region.as_ref().map(RegionName::as_str))
    }

    #[test]
    fn regions_are_found_in_texts_and_nowhere_else() {
        for (text, region) in [
            ("us-east-1", Some("us-east-1")),
            ("us-east-1a", Some("us-east-1")),
            ("us-gov-west-1", Some("us-gov-west-1")),
            ("us-west-2-lax-1a", Some("us-west-2")),
            ("vpcs-eu-central-1", Some("eu-central-1")),
            ("route-tables-2", None),
            ("us-east", None),
            ("us-east-x", None),
            ("", None),
        ] {
            assert_eq!(region_in(text).as_ref().map(RegionName::as_str), region, "{text}");
        }
    }

    #[test]
    fn folders_name_account_and_region() {
        let (library, problems) = read(&[("accounts/123456789012/eu-west-1/x.json", r#"{"Vpcs": []}"#)]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(home(&library, 0), (Some("123456789012"), Some("eu-west-1")));
    }

    #[test]
    fn a_file_without_a_sign_is_at_home_with_the_ids_it_shares() {
        let (library, problems) = read(&[
            (
                "s1.json",
                r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]}"#,
            ),
            (
                "s2.json",
                r#"{"Subnets": [{"SubnetId": "subnet-2", "VpcId": "vpc-2", "AvailabilityZone": "us-west-2a"}]}"#,
            ),
            ("v1.json", r#"{"Vpcs": [{"VpcId": "vpc-1", "OwnerId": "123456789012"}]}"#),
            ("v2.json", r#"{"Vpcs": [{"VpcId": "vpc-2", "OwnerId": "123456789012"}]}"#),
            ("n.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "SubnetId": "subnet-2"}]}"#),
            ("odd.json", r#"{"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-9"}]}"#),
        ]);
        assert_eq!(home(&library, 2), (Some("123456789012"), Some("us-east-1")));
        assert_eq!(home(&library, 3), (Some("123456789012"), Some("us-west-2")));
        assert_eq!(home(&library, 4), (Some("123456789012"), Some("us-west-2")));
        assert_eq!(problems, ["odd.json:1:1 cannot tell which region this file is of"]);
    }

    #[test]
    fn a_file_is_told_by_its_top_level_key_or_its_shape() {
        let (library, problems) = read(&[
            ("us-east-1/a", r#"{"Subnets": [], "NextToken": null}"#),
            ("us-east-1/b", r#"[{"RouteTableId": "rtb-1", "Routes": []}]"#),
            ("us-east-1/c", r#"{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}"#),
            ("us-east-1/d", r#"{"ServiceNames": [], "ServiceDetails": []}"#),
            ("us-east-1/e", r#"{"Subnet": [], "VpcId": 1}"#),
            ("us-east-1/f", r#"{"Vpcs": {}}"#),
            ("us-east-1/g", r#"{"Subnets": [{"SubnetId": "#),
        ]);
        let kinds: Vec<_> = library.lists.iter().map(|list| (list.file.0, list.kind.key)).collect();
        let expected =
            [(0, "Subnets"), (1, "RouteTables"), (2, "VpcAttribute"), (3, "ServiceNames"), (3, "ServiceDetails")];
        assert_eq!(kinds, expected);
        assert_eq!(
            problems,
            [
                "us-east-1/e:1:2 Subnet: unknown top-level key: nothing is read from it",
                "us-east-1/e:1:16 VpcId: unknown top-level key: nothing is read from it",
                "us-east-1/f:1:10 Vpcs: expected a list, found a map",
                "us-east-1/g:1:27 expected value after colon in object property",
            ]
        );
        assert_eq!(library.unreadable, BTreeSet::from(["Subnets"]));
    }
}
