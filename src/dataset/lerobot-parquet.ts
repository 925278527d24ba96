import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import type { Column } from './lerobot-columns.js';

/** A column with its values, one a row. */
export interface ParquetColumn extends Pick<Column, 'name' | 'type' | 'list'> {
  readonly values: unknown[];
}

/** Writes columns of equal length, none of whose values is missing; a file of that name is replaced. */
export function writeParquet(filename: string, columns: readonly ParquetColumn[]): void {
  parquetWriteFile({
    filename,
    // Bytes of equal significance together: numbers that change little compress well so.
    columnData: columns.map(({ name, values, type, list }) => ({
      name,
      data: values,
      ...(list && type === 'FLOAT' && { encoding: 'BYTE_STREAM_SPLIT' as const }),
    })),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.flatMap(({ name, type, list }) =>
        list
          ? [
              { name, num_children: 1, repetition_type: 'REQUIRED' as const, converted_type: 'LIST' as const },
              { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
              { name: 'element', type, repetition_type: 'REQUIRED' as const },
            ]
          : [{ name, type, repetition_type: 'REQUIRED' as const }],
      ),
    ],
    codec: 'GZIP',
    compressors: { GZIP: (bytes) => gzipSync(bytes) },
    statistics: false,
  });
}
