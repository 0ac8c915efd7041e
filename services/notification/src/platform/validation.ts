/** The `buf.validate` rules of a request, checked before its handler runs. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Path } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { ServiceError } from "./errors.ts";

export type Validate = <D extends DescMessage>(schema: D, message: MessageShape<D>) => void;

/** A checker that throws INVALID_ARGUMENT with a violation for each broken rule. Rules compile at first use. */
export function createValidation(): Validate {
  const validator = createValidator();
  return (schema, message) => {
    const result = validator.validate(schema, message);
    if (result.kind === "valid") return;
    if (result.kind === "error") throw result.error;
    const violations = result.violations.map(({ field, message: text, ruleId }) => ({
      field: pathText(field),
      description: text || ruleId,
    }));
    const fields = violations.slice(0, 5).map(({ field }) => field || "the request");
    const summary = `the request is not valid: ${fields.join(", ")}`;
    throw new ServiceError("invalid_argument", "INVALID_ARGUMENT", summary, { violations });
  };
}

/** Proto names joined by dots, subscripts in brackets: `items[0].quantity`. */
export function pathText(path: Path): string {
  let text = "";
  for (const part of path) {
    if (part.kind === "list_sub") text += `[${part.index}]`;
    else if (part.kind === "map_sub")
      text += `[${JSON.stringify(typeof part.key === "bigint" ? Number(part.key) : part.key)}]`;
    else text += `${text ? "." : ""}${part.name}`;
  }
  return text;
}
