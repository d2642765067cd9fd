import { isMap, isNode, isScalar, parseDocument, type Document } from "yaml";
import { UnderstudyError } from "../model/errors.ts";

/**
 * Puts a node's own values into the text of a configuration.yaml, and leaves comments, order, references to secrets and
 * everything else as they are. Maps that a path needs are made; the text stays the same, byte for byte, where all values are
 * in it already.
 * @param ownValues value by dotted path, for example `serial.port`
 * @throws UnderstudyError GENERATION_INVALID, without the text, where it is not a YAML map or a path leads through a value.
 */
export function putOwnValues(text: string, ownValues: Readonly<Record<string, string | number | boolean>>): string {
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents))) {
    throw invalid("The generation's configuration.yaml is not readable as YAML.");
  }
  const missing = Object.entries(ownValues).filter(([path, value]) => document.getIn(path.split(".")) !== value);
  if (missing.length === 0) return text;
  for (const [path, value] of missing) put(document, path.split("."), value);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function put(document: Document, path: readonly string[], value: string | number | boolean): void {
  for (let length = 1; length < path.length; length++) {
    const above = path.slice(0, length);
    const found = document.getIn(above, true);
    if (isMap(found)) continue;
    const holdsValue = document.getIn(above) !== null && document.getIn(above) !== undefined;
    if (holdsValue)
      throw invalid(`configuration.yaml has a value at ${above.join(".")}, where ${path.join(".")} needs a map.`);
    const map = document.createNode({});
    if (isNode(found)) Object.assign(map, { comment: found.comment, commentBefore: found.commentBefore });
    document.setIn(above, map);
  }
  document.setIn(path, value);
  // A scalar is changed in place, for its comment; a tag such as !secret would change what the new value means.
  const node = document.getIn(path, true);
  if (isScalar(node)) delete node.tag;
}

function invalid(what: string): UnderstudyError {
  return new UnderstudyError("GENERATION_INVALID", {
    what,
    next: "mend configuration.yaml on the active node (Zigbee2MQTT names the line when it starts), then make a new generation.",
  });
}
