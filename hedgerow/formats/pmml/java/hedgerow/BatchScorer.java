package hedgerow;

import java.util.HashMap;
import java.util.Map;
import org.pmml4s.common.DataType;
import org.pmml4s.data.DataVal;
import org.pmml4s.data.GenericSeries;
import org.pmml4s.data.Series;
import org.pmml4s.model.Model;
import org.pmml4s.util.Utils;

/**
 * Scores the rows of a batch in one call.
 *
 * <p>The model is asked for the predicted value and, in a classification, its probability. What goes in and
 * out is a flat array, row by row: one copy of memory between Python and Java.
 */
public final class BatchScorer {
    private final Model model;
    private final DataType[] types;
    private final int features;

    /** The places of the classes by the engine's own values of them; null in a regression. */
    private final Map<Object, Double> places;

    private DataVal[] texts = {};

    /** Takes the classes in order, null for a regression. */
    public BatchScorer(Model model, Object[] classes) {
        this.model = model;
        features = model.inputNames().length;
        types = new DataType[model.usedSchema().size()];
        for (int i = 0; i < types.length; i++) {
            types[i] = model.usedSchema().apply(i).dataType();
        }
        places = classes == null ? null : new HashMap<>();
        for (int i = 0; classes != null && i < classes.length; i++) {
            places.put(classes[i], (double) i);
        }
    }

    /**
     * Returns the answers to rows of numbers, NaN where one is missing: place and probability of the class
     * for each, or the number alone. NaN where there is none.
     */
    public double[] ofNumbers(double[] cells) {
        int rows = cells.length / features;
        double[] answers = new double[rows * width()];
        for (int row = 0; row < rows; row++) {
            DataVal[] values = new DataVal[types.length];
            for (int i = 0; i < types.length; i++) {
                values[i] = i < features ? Utils.toDataVal(cells[row * features + i], types[i]) : DataVal.NULL();
            }
            answer(values, answers, row);
        }
        return answers;
    }

    /** Tells what the places of texts in rows of cells stand for. */
    public void learn(String[] texts) {
        DataVal[] made = new DataVal[texts.length];
        for (int i = 0; i < made.length; i++) {
            made[i] = DataVal.from(texts[i]);
        }
        this.texts = made;
    }

    /**
     * Returns the same of rows of cells, NaN where one is missing: numbers, and by `kinds` whole numbers (w),
     * booleans (b), and places of texts (t).
     */
    public double[] ofCells(double[] cells, String kinds) {
        int rows = cells.length / features;
        double[] answers = new double[rows * width()];
        for (int row = 0; row < rows; row++) {
            DataVal[] values = new DataVal[features];
            for (int i = 0; i < features; i++) {
                values[i] = valueOf(cells[row * features + i], kinds.charAt(i));
            }
            answer(values, answers, row);
        }
        return answers;
    }

    /** Returns the same of rows of any values, null where one is missing. */
    public double[] ofObjects(Object[][] rows) {
        double[] answers = new double[rows.length * width()];
        for (int row = 0; row < rows.length; row++) {
            answer(valuesOf(rows[row]), answers, row);
        }
        return answers;
    }

    /** Returns all outputs that the model now gives for a row. */
    public Object[] outputs(Object[] row) {
        return model.predict((Series) new GenericSeries(valuesOf(row))).asArray();
    }

    private int width() {
        return places == null ? 1 : 2;
    }

    private void answer(DataVal[] values, double[] answers, int row) {
        Object[] outputs = model.predict((Series) new GenericSeries(values)).asArray();
        if (places == null) {
            answers[row] = Utils.toDouble(outputs[0]);
            return;
        }
        answers[2 * row] = places.getOrDefault(outputs[0], Double.NaN);
        answers[2 * row + 1] = Utils.toDouble(outputs[1]);
    }

    private DataVal valueOf(double cell, char kind) {
        if (cell != cell) {
            return DataVal.NULL();
        }
        switch (kind) {
            case 'w': return DataVal.from((long) cell);
            case 'b': return DataVal.from(cell != 0.0);
            case 't': return texts[(int) cell];
            default: return DataVal.from(cell);
        }
    }

    // The engine's method for arrays has no way to say that a whole number or a boolean is missing.
    private static DataVal[] valuesOf(Object[] row) {
        DataVal[] values = new DataVal[row.length];
        for (int i = 0; i < row.length; i++) {
            values[i] = DataVal.apply(row[i]);
        }
        return values;
    }
}
