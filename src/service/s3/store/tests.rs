//! Buckets, objects and uploads, and what the store refuses.

use std::collections::BTreeMap;

use super::buckets::Answer;
use super::*;
use crate::base::{AccountId, RegionName, SimTime};
use crate::service::s3::content::Content;

const NOW: SimTime = SimTime::from_secs(5);

fn create(store: &ObjectStore, name: &str, region: &str, owner: &str) -> Answer<()> {
    let (region, owner) = (RegionName::parse(region).expect(region), AccountId::parse(owner).expect(owner));
    store.create_bucket(name, &region, &owner, NOW)
}

fn store() -> ObjectStore {
    let store = ObjectStore::new();
    create(&store, "data", "us-west-2", "111122223333").expect("a new bucket");
    store
}

fn begin(store: &ObjectStore) -> String {
    store.create_upload("data", "big", "text/plain".into(), BTreeMap::new(), NOW).expect("an upload")
}

fn part(store: &ObjectStore, id: &str, number: u32, content: &Content) -> String {
    store.put_part("data", "big", id, number, Part { content: content.clone(), modified: NOW }).expect("a part")
}

#[test]
fn a_name_has_one_bucket_in_all_regions() {
    let store = store();
    let again = |owner| create(&store, "data", "eu-west-1", owner);
    assert_eq!(again("111122223333"), Err(StoreError::BucketAlreadyOwnedByYou));
    assert_eq!(again("444455556666"), Err(StoreError::BucketAlreadyExists));
    assert_eq!(create(&store, "Bad", "eu-west-1", "111122223333"), Err(StoreError::InvalidBucketName));
    assert_eq!(store.place_of("data").expect("there").0.as_str(), "us-west-2");
}

#[test]
fn only_an_empty_bucket_can_be_deleted() {
    let store = store();
    store.put("data", "k", Object::new(Content::from_bytes("v"), NOW)).expect("a bucket");
    assert_eq!(store.delete_bucket("data"), Err(StoreError::BucketNotEmpty));
    assert_eq!(store.delete("data", "k"), Ok(true));
    assert_eq!(store.delete("data", "k"), Ok(false));
    assert_eq!(store.delete_bucket("data"), Ok(()));
    assert_eq!(store.delete_bucket("data"), Err(StoreError::NoSuchBucket));
}

#[test]
fn parts_make_the_whole_in_order_of_their_numbers() {
    let store = store();
    let whole = Content::generated(9, 12 << 20);
    let id = begin(&store);
    let second = part(&store, &id, 2, &whole.slice(6 << 20..12 << 20));
    let first = part(&store, &id, 1, &whole.slice(0..6 << 20));
    let named = [(1, Some(first)), (2, Some(second))];
    let object = store.complete_upload("data", "big", &id, &named, NOW).expect("both parts");
    assert_eq!(object.content, whole);
    assert!(object.etag.ends_with("-2"), "{}", object.etag);
    assert_eq!(store.object("data", "big").expect("now there").content, whole);
    assert_eq!(store.complete_upload("data", "big", &id, &named, NOW).err(), Some(StoreError::NoSuchUpload));
}

#[test]
fn wrong_parts_complete_nothing_and_leave_the_upload() {
    let store = store();
    let id = begin(&store);
    let small = part(&store, &id, 1, &Content::from_bytes("small"));
    let last = part(&store, &id, 2, &Content::from_bytes("last"));
    for (named, error) in [
        (vec![(1, Some(small.clone())), (2, Some(last.clone()))], StoreError::EntityTooSmall),
        (vec![(2, Some(last)), (1, Some(small.clone()))], StoreError::InvalidPartOrder),
        (vec![(3, None)], StoreError::InvalidPart),
        (vec![(1, Some("other".into()))], StoreError::InvalidPart),
        (vec![], StoreError::InvalidPart),
    ] {
        assert_eq!(store.complete_upload("data", "big", &id, &named, NOW).err(), Some(error));
    }
    assert_eq!(store.uploads("data").expect("a bucket").len(), 1);
    assert_eq!(store.object("data", "big").err(), Some(StoreError::NoSuchKey));
    assert!(store.complete_upload("data", "big", &id, &[(1, Some(small))], NOW).is_ok());
}

#[test]
fn an_aborted_upload_is_gone() {
    let store = store();
    let id = begin(&store);
    assert_eq!(store.abort_upload("data", "other", &id), Err(StoreError::NoSuchUpload));
    assert_eq!(store.abort_upload("data", "big", &id), Ok(()));
    assert_eq!(store.abort_upload("data", "big", &id), Err(StoreError::NoSuchUpload));
}
